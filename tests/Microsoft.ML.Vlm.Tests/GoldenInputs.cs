using System.IO.Hashing;
using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests;

/// <summary>
/// A case of <c>golden/inputs</c> as the model reads it: rows are made from what the reference's processor returned, not by our processor, so that
/// tests of models, training and generation say nothing about templates, tokenizers and images. All tiles of a row are one <see cref="ImageTiles"/>.
/// </summary>
internal sealed class GoldenInputs : IDisposable
{
    private const string Folder = "golden/inputs";

    private readonly SafetensorsFile _processor;

    private GoldenInputs(string name, string checkpoint, SafetensorsFile processor, SafetensorsFile forward)
    {
        Name = name;
        Model = ModelFolder.Open(checkpoint);
        _processor = processor;
        Forward = forward;
        Samples = ReadSamples();
    }

    /// <summary>Such as <c>smolvlm/single</c>.</summary>
    public string Name { get; }

    /// <summary>The case's model.</summary>
    public ModelFolder Model { get; }

    /// <summary>What the reference computed (<c>forward.safetensors</c>).</summary>
    public SafetensorsFile Forward { get; }

    /// <summary>The rows, padding removed; every token behind the first is a target.</summary>
    public IReadOnlyList<VlmSample> Samples { get; }

    /// <summary>Theory data: all cases of the pack, such as <c>smolvlm/single</c>, of the families that are built.</summary>
    public static TheoryData<string> Cases() => Cases(_ => true);

    /// <summary>Theory data: the cases with generated answers.</summary>
    public static TheoryData<string> AnsweredCases() => Cases(name => File.Exists(Path.Combine(Reference.Root!, Folder, name, "generate.safetensors")));

    /// <summary>Theory data: the cases whose model was saved in bfloat16.</summary>
    public static TheoryData<string> BFloat16Cases()
        => Cases(name => File.Exists(ConfigPath(name)) && File.ReadAllText(ConfigPath(name)).Contains("\"bfloat16\"", StringComparison.Ordinal));

    /// <summary>Reads a case; skips the running test when the pack is absent.</summary>
    public static GoldenInputs Open(string name)
    {
        string folder = Reference.Path([.. Folder.Split('/'), .. name.Split('/')]);
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        string checkpoint = meta.RootElement.GetProperty("checkpoint").GetString()!, shared = meta.RootElement.GetProperty("family").GetString()!;
        string processor = Path.Combine(folder, "processor.safetensors");
        if (!File.Exists(processor))
        {
            processor = Reference.Path([.. Folder.Split('/'), shared, name.Split('/')[1], "processor.safetensors"]);
        }
        return new GoldenInputs(
            name, Reference.Path(["golden", .. checkpoint.Split('/')]), SafetensorsFile.Open(processor), SafetensorsFile.Open(Path.Combine(folder, "forward.safetensors")));
    }

    /// <summary>For each row the columns of the padded reference tensors that hold a token.</summary>
    public IReadOnlyList<long[]> Columns()
    {
        using var scope = NewDisposeScope();
        Tensor mask = _processor.Read("attention_mask");
        return [.. Enumerable.Range(0, (int)mask.size(0)).Select(row => mask[row].nonzero().flatten().data<long>().ToArray())];
    }

    /// <summary>The reference's normalized pixels where the pack has them: float32 <c>[rows, tiles, 3, height, width]</c>.</summary>
    public Tensor? NormalizedPixels() => _processor.Entries.ContainsKey("pixel_values") ? _processor.Read("pixel_values") : null;

    public void Dispose()
    {
        _processor.Dispose();
        Forward.Dispose();
    }

    private static string ConfigPath(string name) => Path.Combine(Reference.Root!, "golden/checkpoints", name.Split('/')[0], ModelConfig.FileName);

    private static TheoryData<string> Cases(Func<string, bool> accept)
    {
        string root = Path.Combine(Reference.Root ?? "", Folder);
        if (Reference.Root is null || !Directory.Exists(root))
        {
            return [Reference.Absent];
        }
        IEnumerable<string> names = Directory.EnumerateDirectories(root)
            .Where(family => Families.IsBuilt(Path.GetFileName(family)))
            .SelectMany(Directory.EnumerateDirectories)
            .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'));
        string[] cases = [.. names.Where(accept).Order(StringComparer.Ordinal)];
        return cases.Length == 0 ? [Reference.Absent] : [.. cases];
    }

    private List<VlmSample> ReadSamples()
    {
        using var scope = NewDisposeScope();
        Tensor ids = _processor.Read("input_ids");
        var config = (SmolVlmConfig)Model.Config;
        List<VlmSample> samples = [];
        foreach ((long[] columns, int row) in Columns().Select((columns, row) => (columns, row)))
        {
            long[] all = ids[row].data<long>().ToArray();
            int[] tokens = [.. columns.Select(column => (int)all[column])];
            ImageTiles? tiles = ReadTiles(row);
            samples.Add(new VlmSample(tokens, [.. tokens.Select(_ => true)], tiles is null ? [] : [tiles], ReadSpans(tokens, config.ImageTokenId), row));
        }
        return samples;
    }

    private ImageTiles? ReadTiles(int row)
    {
        if (!_processor.Entries.ContainsKey("pixel_attention_mask"))
        {
            return null;
        }

        // Padding tiles have an all-zero mask and stand behind the others.
        int count = (int)_processor.Read("pixel_attention_mask")[row].flatten(1).amax([1]).sum().item<long>();
        if (count == 0)
        {
            return null;
        }
        ImageProcessorConfig image = Model.Processor.Image;
        float inverse = (float)(1 / image.RescaleFactor);
        ImageNormalization normalization = new(
            [.. image.Mean.Select(value => (float)value * inverse)], [.. image.Deviation.Select(value => (float)value * inverse)]);
        Tensor samples = _processor.Entries.ContainsKey("pixel_values_u8")
            ? _processor.Read("pixel_values_u8")[row].narrow(0, 0, count)
            : Samples8(_processor.Read("pixel_values")[row].narrow(0, 0, count), normalization);
        byte[] bytes = samples.contiguous().data<byte>().ToArray();
        return new ImageTiles(
            0, 0, count, (int)samples.size(2), (int)samples.size(3), bytes, normalization, XxHash128.HashToUInt128(bytes));
    }

    private static Tensor Samples8(Tensor normalized, ImageNormalization normalization)
        => (normalized * tensor(normalization.Deviation.ToArray()).view(3, 1, 1) + tensor(normalization.Mean.ToArray()).view(3, 1, 1)).round().to(ScalarType.Byte);

    private static List<ImageSpan> ReadSpans(int[] tokens, int imageToken)
    {
        List<ImageSpan> spans = [];
        for (int index = 0; index < tokens.Length; index++)
        {
            int start = index;
            while (index < tokens.Length && tokens[index] == imageToken)
            {
                index++;
            }
            if (index > start)
            {
                spans.Add(new ImageSpan(0, start, index - start));
            }
        }
        return spans;
    }
}
