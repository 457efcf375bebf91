using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Vlm.Torch.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>The device that a model computes on, by the texts that torch has for devices.</summary>
internal static class ComputeDevice
{
    private const string Cpu = "cpu";
    private const string Cuda = "cuda";
    private const string Automatic = "auto";
    private const int MostDevices = 64;

    // The name alone decides: TorchSharp, asked whether there is a GPU, would try to load its native library once more.
    private static readonly Lazy<bool> s_hasCudaLibtorch = new(() => NativeLibrary.TryLoad("torch_cuda", typeof(torch).Assembly, null, out _));

    /// <summary>Whether libtorch can compute on a GPU and there is one.</summary>
    public static bool HasGpu => s_hasCudaLibtorch.Value && cuda.is_available();

    /// <summary>Why <see cref="HasGpu"/> is false, in a sentence that names the remedy.</summary>
    public static string WhyNoGpu => s_hasCudaLibtorch.Value
        ? "No NVIDIA GPU was found, or its driver is too old for this libtorch: 'nvidia-smi' shows both."
        : $"The application has libtorch for the CPU only: reference the package '{CudaPackage}' 0.107.0 in place of the CPU one.";

    private static string CudaPackage => OperatingSystem.IsWindows() ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux";

    /// <summary>Reads a device's name; null for what is to be chosen by the machine.</summary>
    /// <param name="name">Null, <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    public static (DeviceType Type, int Index)? Parse(string? name)
    {
        if (name is null or Automatic)
        {
            return null;
        }
        if (name is Cpu or Cuda)
        {
            return (name == Cpu ? DeviceType.CPU : DeviceType.CUDA, name == Cpu ? -1 : 0);
        }
        return name.StartsWith(Cuda + ":", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < MostDevices
            ? (DeviceType.CUDA, index)
            : throw new ArgumentException($"Device: '{name}' is no device. Use '{Cpu}', '{Cuda}', '{Cuda}:1' and so on, or '{Automatic}'.", nameof(name));
    }

    /// <summary>The device of a name; libtorch is loaded.</summary>
    /// <param name="name">As for <see cref="Parse"/>.</param>
    /// <exception cref="ArgumentException">It is no device.</exception>
    /// <exception cref="InvalidOperationException">It is a GPU, and libtorch is for the CPU only, there is no GPU, or none of that number; says which and what to do.</exception>
    public static Device Resolve(string? name)
    {
        if (Parse(name) is not var (type, index))
        {
            return HasGpu ? new Device(DeviceType.CUDA, 0) : CPU;
        }
        if (type == DeviceType.CPU)
        {
            return CPU;
        }
        if (!HasGpu)
        {
            throw new InvalidOperationException($"Device is '{name}'. {WhyNoGpu} Or set Device to '{Cpu}'.");
        }
        int count = cuda.device_count();
        return index < count
            ? new Device(DeviceType.CUDA, index)
            : throw new InvalidOperationException(
                $"Device is '{name}', but there {(count == 1 ? "is 1 GPU" : $"are {count} GPUs")}: {string.Join(", ", Enumerable.Range(0, count).Select(other => Describe(new Device(DeviceType.CUDA, other))))}.");
    }

    /// <summary>The device as a text for people: with a GPU's name and memory.</summary>
    public static string Describe(Device device)
    {
        if (device.type != DeviceType.CUDA)
        {
            return Cpu;
        }
        string name = $"{Cuda}:{Math.Max(device.index, 0)}";
        return CudaDevice.Find(device) is { } gpu ? $"{name} ({gpu.Name}, {gpu.TotalBytes >> 20:N0} MiB)" : name;
    }

    /// <summary>Memory of a GPU that is free now; null for the CPU, and for a GPU that does not tell.</summary>
    public static long? FreeBytes(Device device) => device.type == DeviceType.CUDA ? CudaDevice.Find(device)?.FreeBytes : null;

    /// <summary>Memory of a GPU that is taken now, by whomever; null for the CPU, and for a GPU that does not tell.</summary>
    public static long? TakenBytes(Device device) => device.type == DeviceType.CUDA && CudaDevice.Find(device) is { } gpu ? gpu.TotalBytes - gpu.FreeBytes : null;

    /// <summary>Checks, before anything is loaded, that a GPU has room.</summary>
    /// <param name="device">Where to; the CPU, and a GPU that does not tell, have room.</param>
    /// <param name="bytes">Least number of bytes that are going to be needed.</param>
    /// <param name="what">What needs them, such as <c>the weights of 'folder'</c>.</param>
    /// <exception cref="InsufficientMemoryException">It has not; says how much there is and what helps.</exception>
    public static void CheckRoom(Device device, long bytes, string what)
    {
        if (FreeBytes(device) is { } free && free < bytes)
        {
            throw new InsufficientMemoryException(
                $"{Describe(device)} has {free >> 20:N0} MiB free, but {what} take at least {bytes >> 20:N0} MiB. What helps: end other programs on this GPU ('nvidia-smi' lists them); "
                + $"Precision = BFloat16; Quantization = QuantOptions.Nf4; another Device, such as '{Cpu}'.");
        }
    }
}
