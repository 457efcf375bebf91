using System.Runtime.InteropServices;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Asks libtorch to place large tensors on large pages, where the system grants them on request (Linux).</summary>
/// <remarks>
/// A tensor of some MB is fresh memory from the system each time, and the first touch of each of its small pages costs a fault: on virtual machines often more than
/// the arithmetic. libtorch asks for pages of 2 MB when the environment variable <c>THP_MEM_ALLOC_ENABLE</c> is 1, which it reads at its first allocation.
/// Whoever sets the variable to 0 before the start has the small pages. Values do not change.
/// </remarks>
internal static partial class LargePages
{
    /// <summary>Name of the variable that libtorch reads.</summary>
    public const string Variable = "THP_MEM_ALLOC_ENABLE";

    /// <summary>Sets the variable in the native environment, which .NET's own does not reach, unless it is set already.</summary>
    public static void Request()
    {
        try
        {
            _ = SetVariable(Variable, "1", overwrite: 0);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // A system without glibc's or musl's name for it computes with small pages.
        }
    }

    /// <summary>The variable in the native environment, or null.</summary>
    internal static string? Read() => Marshal.PtrToStringUTF8(GetVariable(Variable));

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetVariable(string name);
}
