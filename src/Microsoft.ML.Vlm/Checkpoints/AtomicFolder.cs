namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Folders that are there whole or not at all, whenever the process or the machine dies.</summary>
internal static class AtomicFolder
{
    /// <summary>Ending of the names of folders that are being written.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>Writes a folder under a temporary name beside its place, puts it on disk and renames it.</summary>
    /// <param name="target">The folder; one that is there already is replaced.</param>
    /// <param name="fill">Writes the files into the folder that it is given.</param>
    public static void Write(string target, Action<string> fill)
    {
        string parent = Path.GetDirectoryName(Path.GetFullPath(target))!;
        string temporary = Path.Combine(parent, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}{TemporarySuffix}");
        Directory.CreateDirectory(temporary);
        try
        {
            fill(temporary);
            foreach (string file in Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories))
            {
                DiskSync.File(file);
            }
            DiskSync.Folder(temporary);
            Delete(target);
            Directory.Move(temporary, target);
            DiskSync.Folder(parent);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    /// <summary>Deletes a folder so that no half of it can be taken for a whole one: it gets a temporary name first.</summary>
    /// <param name="folder">The folder; nothing happens when it is not there.</param>
    public static void Delete(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }
        string parent = Path.GetDirectoryName(Path.GetFullPath(folder))!;
        string doomed = Path.Combine(parent, $".{Path.GetFileName(folder)}.{Guid.NewGuid():N}{TemporarySuffix}");
        Directory.Move(folder, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Deletes what writers left that were killed.</summary>
    /// <param name="parent">Folder in which folders were written; need not be there.</param>
    /// <param name="prefix">What the names of the folders began with.</param>
    public static void RemoveLeftovers(string parent, string prefix)
    {
        if (Directory.Exists(parent))
        {
            foreach (string leftover in Directory.EnumerateDirectories(parent, $".{prefix}*{TemporarySuffix}"))
            {
                Directory.Delete(leftover, recursive: true);
            }
        }
    }
}
