namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Files that may be links, as those of a snapshot in the hub's cache are: the length of a link is not that of its file.</summary>
internal static class LinkedFile
{
    /// <summary>The file itself, behind all links.</summary>
    /// <param name="path">A file or a link; need not be there.</param>
    public static FileInfo Info(string path)
    {
        FileInfo file = new(path);
        return file.LinkTarget is null ? file : (FileInfo)file.ResolveLinkTarget(returnFinalTarget: true)!;
    }

    /// <summary>Bytes of the file behind all links.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static long Length(string path) => Info(path).Length;
}
