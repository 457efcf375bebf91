using Microsoft.CodeAnalysis;

namespace Documentation;

/// <summary>The assemblies that this program runs with, for code that is compiled against them.</summary>
internal static class ProgramReferences
{
    private static readonly Lazy<IReadOnlyList<MetadataReference>> s_all = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => MetadataReference.CreateFromFile(file))]);

    /// <summary>The framework, ML.NET and this repository's libraries.</summary>
    public static IReadOnlyList<MetadataReference> All => s_all.Value;
}
