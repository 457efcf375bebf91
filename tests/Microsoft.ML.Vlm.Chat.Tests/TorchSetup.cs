using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Torch;
using TorchSharp;

namespace Microsoft.ML.Vlm.Chat.Tests;

internal static class TorchSetup
{
    // One thread: the same bits on every machine, and no barriers spinning on shared cores.
    [ModuleInitializer]
    internal static void Initialize()
    {
        NativeLibraryLoader.EnsureLoaded();
        torch.set_num_threads(1);
        torch.set_num_interop_threads(1);
    }
}
