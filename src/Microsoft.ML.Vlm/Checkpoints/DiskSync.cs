using System.Runtime.InteropServices;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Makes what was written survive a loss of power.</summary>
internal static partial class DiskSync
{
    /// <summary>Puts a file's content on disk.</summary>
    public static void File(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Puts a folder's list of names on disk; where the system has no way to do that, it does so by itself.</summary>
    public static void Folder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        int handle = Open(path, 0);
        if (handle >= 0)
        {
            // Some file systems refuse it for folders; then there is no more that could be done.
            _ = Flush(handle);
            _ = Close(handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Flush(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int handle);
}
