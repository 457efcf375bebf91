using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;

[assembly: LoadableClass(
    typeof(ImageSequenceLoadingTransformer), typeof(ImageSequenceFormat), null, typeof(SignatureLoadModel), "Image sequence loading transformer", ImageSequenceFormat.LoaderSignature)]

namespace Microsoft.ML.Vlm.Components;

/// <summary>How the image sequence loader is saved in ML.NET's model.zip.</summary>
internal static class ImageSequenceFormat
{
    /// <summary>Name under which ML.NET finds <see cref="Create"/>.</summary>
    public const string LoaderSignature = "VlmImageSequenceLoader";

    /// <summary>Saves.</summary>
    public static void Save(ImageSequenceLoadingTransformer transformer, ModelSaveContext context)
    {
        // *** Binary format ***
        // string: output column
        // string: input column
        // string or null: image folder
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());
        context.SaveNonEmptyString(transformer.OutputColumnName);
        context.SaveNonEmptyString(transformer.InputColumnName);
        context.SaveStringOrNull(transformer.ImageFolder);
    }

    /// <summary>Loads; ML.NET finds it by name and return type.</summary>
    private static ImageSequenceLoadingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        context.CheckAtModel(GetVersionInfo());
        string outputColumnName = context.LoadNonEmptyString();
        string inputColumnName = context.LoadNonEmptyString();
        return new ImageSequenceLoadingTransformer(environment, outputColumnName, context.LoadStringOrNull(), inputColumnName);
    }

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "VLM ISEQ", verWrittenCur: 0x00010001, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature, loaderAssemblyName: typeof(ImageSequenceLoadingTransformer).Assembly.FullName!);
}
