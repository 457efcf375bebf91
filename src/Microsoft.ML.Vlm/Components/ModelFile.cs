using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Components;

/// <summary>A file of a base model.</summary>
/// <param name="Name">Plain name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">Lower-case hexadecimals.</param>
internal sealed record ModelFile(string Name, long Length, string Sha256)
{
    /// <summary>Looks at a file on disk.</summary>
    public static ModelFile Of(string path) => new(Path.GetFileName(path), LinkedFile.Length(path), ModelFiles.Hash(path));

    /// <summary>Whether a folder has the very same file.</summary>
    public bool Matches(string folder)
    {
        FileInfo file = LinkedFile.Info(Path.Combine(folder, Name));
        return file.Exists && file.Length == Length && ModelFiles.Hash(file.FullName) == Sha256;
    }
}
