using System.Runtime.InteropServices;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Pages of mapped files: those that were read count as memory of the process until they are given back.</summary>
internal static unsafe partial class MappedPages
{
    private const int DoNotNeed = 4;

    /// <summary>Gives pages back that lie wholly within a range of a file that is mapped for reading. They are read again when they are touched again.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="length">Bytes.</param>
    public static void Release(byte* start, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        nuint page = (nuint)Environment.SystemPageSize, first = ((nuint)start + page - 1) & ~(page - 1), end = ((nuint)start + (nuint)length) & ~(page - 1);
        if (end > first)
        {
            // Where it is refused the pages stay, as without the call.
            _ = Advise((void*)first, end - first, DoNotNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* start, nuint length, int advice);
}
