using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;

[assembly: LoadableClass(
    typeof(VlmTransformer), typeof(VlmModelFormat), null, typeof(SignatureLoadModel), "Vision-language model transformer", VlmModelFormat.LoaderSignature)]

namespace Microsoft.ML.Vlm.Components;

/// <summary>How a transformer is saved in ML.NET's model.zip, and loaded again without a registration call.</summary>
internal static class VlmModelFormat
{
    /// <summary>Name under which ML.NET finds <see cref="Create"/>.</summary>
    public const string LoaderSignature = "VlmTransform";

    private const string AdapterConfigName = "adapter_config.json";
    private const string AdapterTensorsName = "adapter_model.safetensors";
    private const string BasePrefix = "base-";
    private const int MaximumTextLength = 1 << 22;

    // An adapter of full rank has about as many numbers as its layers, twice that with both factors; more is no adapter of this model.
    private const long AdapterBytesPerBaseByte = 16;
    private const long AdapterBytesAllowance = 64L << 20;

    /// <summary>Saves.</summary>
    public static void Save(VlmEngine engine, VlmTransformerSettings settings, ModelSaveContext context)
    {
        // *** Binary format ***
        // (nothing in Model.key beside ML.NET's header)
        // vlm.json                    text: VlmModelDescription (settings, base model reference)
        // adapter_config.json         text, with an adapter: PEFT's configuration
        // adapter_model.safetensors   bytes, with an adapter: PEFT's tensors
        // base-NAME                   bytes, with an embedded base model: its files
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());
        BaseModelReference reference = engine.IsFullyTrained ? SaveTrained(engine, context)
            : settings.EmbedBaseModel ? SaveFiles(ModelFiles.All(engine.Folder.Path), context)
            : engine.Reference.Value;
        if (engine.Adapters is { } adapters)
        {
            string config = PeftFolder.FormatConfig(adapters, engine.Folder.Path);
            context.SaveTextStream(AdapterConfigName, writer => writer.Write(config));
            using var scope = TorchSharp.torch.NewDisposeScope();
            context.SaveBinaryStream(AdapterTensorsName, writer => SafetensorsWriter.Write(writer.BaseStream, PeftFolder.SavedTensors(adapters)));
        }
        VlmModelDescription description = new() { Settings = settings, Base = reference, HasAdapter = engine.Adapters is not null };
        context.SaveTextStream(VlmModelDescription.FileName, writer => writer.Write(description.ToJson()));
    }

    /// <summary>Loads; ML.NET finds it by name and return type.</summary>
    private static VlmTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        NativeLibraryLoader.EnsureLoaded();
        context.CheckAtModel(GetVersionInfo());
        VlmModelDescription description = VlmModelDescription.Parse(ReadText(context, VlmModelDescription.FileName));
        BaseModelReference reference = description.Base;
        string path = reference.IsEmbedded ? Unpack(reference, context) : reference.Find();
        ModelFolder folder = ModelFolder.Open(path);
        SharedModel model = SharedModel.Open(folder, description.Settings.ComputeType, description.Settings.Quantization, ComputeDevice.Resolve(description.Settings.Device));
        AdapterSet? adapters = null;
        try
        {
            VlmProcessor processor = VlmProcessor.Load(folder, description.Settings.Images);
            adapters = description.HasAdapter ? ReadAdapter(model, reference, context) : null;
            return new VlmTransformer(environment, new VlmEngine(folder, model, processor, adapters, description.Settings.ScoringFeatureCacheBytes), description.Settings);
        }
        catch
        {
            adapters?.Dispose();
            model.Dispose();
            throw;
        }
    }

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "VLM XFER",
        // verWrittenCur: 0x00010001, // Initial
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature,
        loaderAssemblyName: typeof(VlmModelFormat).Assembly.FullName!);

    private static BaseModelReference SaveTrained(VlmEngine engine, ModelSaveContext context)
    {
        string folder = Directory.CreateTempSubdirectory("vlm-").FullName;
        try
        {
            engine.SaveModel(folder);
            return SaveFiles(ModelFiles.All(folder), context);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static BaseModelReference SaveFiles(IReadOnlyList<string> paths, ModelSaveContext context)
    {
        foreach (string path in paths)
        {
            context.SaveBinaryStream(BasePrefix + Path.GetFileName(path), writer =>
            {
                using FileStream source = File.OpenRead(path);
                source.CopyTo(writer.BaseStream);
            });
        }
        return new BaseModelReference { IsEmbedded = true, Files = [.. paths.Select(ModelFile.Of)] };
    }

    private static string Unpack(BaseModelReference reference, ModelLoadContext context)
        => EmbeddedModel.Unpack(reference, EmbeddedModel.CacheFolder(), (name, copy) => context.TryLoadBinaryStream(BasePrefix + name, reader => copy(reader.BaseStream)));

    private static AdapterSet ReadAdapter(SharedModel shared, BaseModelReference reference, ModelLoadContext context)
    {
        string config = ReadText(context, AdapterConfigName);
        long limit = Math.Min(Array.MaxLength, (AdapterBytesPerBaseByte * reference.Files.Sum(file => file.Length)) + AdapterBytesAllowance);
        byte[] content = [];
        if (!context.TryLoadBinaryStream(AdapterTensorsName, reader => content = ReadBytes(reader, limit)))
        {
            throw Damaged($"'{AdapterTensorsName}' is missing");
        }
        using SafetensorsFile tensors = SafetensorsFile.Parse(content, AdapterTensorsName);
        return shared.Run(null, model =>
        {
            AdapterSet adapters = PeftFolder.Load(model, config, tensors);
            adapters.IsEnabled = false;
            return adapters;
        });
    }

    private static byte[] ReadBytes(BinaryReader reader, long limit)
    {
        long length = reader.BaseStream.Length;
        if (length > limit)
        {
            throw Damaged($"'{AdapterTensorsName}' has {length:N0} bytes, more than an adapter of this base model can have");
        }
        byte[] content = new byte[length];
        reader.BaseStream.ReadExactly(content);
        return content;
    }

    private static string ReadText(ModelLoadContext context, string name)
    {
        string? text = null;
        bool isThere = context.TryLoadBinaryStream(name, reader =>
        {
            if (reader.BaseStream.Length > MaximumTextLength)
            {
                throw Damaged($"'{name}' has {reader.BaseStream.Length:N0} bytes");
            }
            using StreamReader lines = new(reader.BaseStream, leaveOpen: true);
            text = lines.ReadToEnd();
        });
        return isThere ? text! : throw Damaged($"'{name}' is missing");
    }

    private static InvalidDataException Damaged(string what) => new($"The saved transformer is damaged: {what}.");
}
