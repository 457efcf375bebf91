using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Hub;
using Microsoft.ML.Vlm.Torch;
using TorchSharp;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Looks at the machine.</summary>
internal static class Examination
{
    private const long LittleMemory = 4L << 30;
    private const long LittleDisk = 5L << 30;

    /// <summary>Everything that is looked at, in order. A token is never shown.</summary>
    /// <param name="console">Its environment variables and its token.</param>
    /// <param name="asksHub">Whether the hub is asked whose the token is.</param>
    public static IReadOnlyList<Finding> Run(ToolConsole console, bool asksHub)
    {
        List<Finding> findings = [Tool(), Processor(), Libtorch()];
        if (findings[^1].State != FindingState.Broken)
        {
            findings.Add(Gpu());
        }
        findings.Add(Memory());
        findings.AddRange(Hub(console, asksHub));
        findings.Add(Disk("disk of this folder", Environment.CurrentDirectory));
        return findings;
    }

    private static Finding Tool()
        => new(FindingState.Good, "vlm", $"{typeof(Examination).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier})");

    private static Finding Processor()
    {
        string vectors = Vector512.IsHardwareAccelerated ? "512-bit vectors" : Vector256.IsHardwareAccelerated ? "256-bit vectors" : "128-bit vectors";
        return new(Vector256.IsHardwareAccelerated ? FindingState.Good : FindingState.Remark, "processor", $"{Environment.ProcessorCount} threads, {vectors}");
    }

    private static Finding Libtorch()
    {
        try
        {
            NativeLibraryLoader.EnsureLoaded();
            return new(FindingState.Good, "libtorch", $"{torch.__version__}, {torch.get_num_threads()} compute threads");
        }
        catch (InvalidOperationException error)
        {
            return new(FindingState.Broken, "libtorch", error.Message);
        }
    }

    private static Finding Gpu() => ComputeDevice.HasGpu
        ? new(FindingState.Good, "GPU", string.Join(", ", Enumerable.Range(0, torch.cuda.device_count()).Select(index => ComputeDevice.Describe(new torch.Device(DeviceType.CUDA, index)))))
        : new(FindingState.Remark, "GPU", $"none: the CPU computes. {ComputeDevice.WhyNoGpu}");

    private static Finding Memory()
    {
        long bytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new(bytes < LittleMemory ? FindingState.Remark : FindingState.Good, "memory", $"{ByteCount.Format(bytes)}; 'vlm plan sft ...' says what a run takes");
    }

    private static IEnumerable<Finding> Hub(ToolConsole console, bool asksHub)
    {
        HubSettings? settings = null;
        Finding? broken = null;
        try
        {
            settings = HubSettings.From(null, console.Variable);
        }
        catch (ArgumentException error)
        {
            broken = new Finding(FindingState.Broken, "hub", ErrorText.Of(error));
        }
        if (settings is null)
        {
            yield return broken!;
            yield break;
        }
        yield return new(FindingState.Good, "hub", settings.Endpoint.AbsoluteUri.TrimEnd('/') + (settings.IsOffline ? ", offline: the cache alone is read" : ""));
        yield return settings.Token is null
            ? new(FindingState.Remark, "hub token", "none; private and gated repositories, pushing and jobs need one: HF_TOKEN, or 'hf auth login'")
            : new(FindingState.Good, "hub token", "there is one");
        if (asksHub && settings.Token is not null)
        {
            yield return Account(settings, console.Token);
        }
        yield return new(FindingState.Good, "cache", settings.CacheDirectory);
        yield return Disk("disk of the cache", settings.CacheDirectory);
    }

    private static Finding Account(HubSettings settings, CancellationToken token)
    {
        try
        {
            using HubClient client = new(settings);
            return new(FindingState.Good, "account", Task.Run(() => new HubUploader(client).UserAsync(token), token).GetAwaiter().GetResult());
        }
        catch (HubException error)
        {
            return new(FindingState.Broken, "account", error.Message);
        }
    }

    private static Finding Disk(string what, string folder)
    {
        string existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing)!;
        }
        long free = new DriveInfo(existing).AvailableFreeSpace;
        return new(free < LittleDisk ? FindingState.Remark : FindingState.Good, what, string.Create(CultureInfo.InvariantCulture, $"{ByteCount.Format(free)} free"));
    }
}
