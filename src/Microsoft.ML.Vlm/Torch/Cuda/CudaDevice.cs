using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch.Cuda;

/// <summary>A GPU as its driver sees it, for what TorchSharp does not tell: name, memory, and a way to start functions of our own.</summary>
internal sealed unsafe class CudaDevice
{
    private const int MajorAttribute = 75;
    private const int MinorAttribute = 76;
    private const int MultiprocessorAttribute = 16;

    private static readonly ConcurrentDictionary<int, Lazy<CudaDevice?>> s_devices = new();
    private static readonly Lazy<nint> s_currentStream = new(() =>
        NativeLibrary.TryLoad("torch_cuda", typeof(torch).Assembly, null, out nint library) && NativeLibrary.TryGetExport(library, "aoti_torch_get_current_cuda_stream", out nint function)
            ? function : 0);

    private readonly CudaDriver _driver;
    private readonly int _index;
    private readonly nint _context;

    private CudaDevice(CudaDriver driver, int index)
    {
        (_driver, _index) = (driver, index);
        Name = driver.Name(index);
        Architecture = (10 * driver.Attribute(MajorAttribute, index)) + driver.Attribute(MinorAttribute, index);
        Multiprocessors = driver.Attribute(MultiprocessorAttribute, index);
        _context = driver.RetainPrimaryContext(index);
        TotalBytes = driver.Memory(_context).Total;
    }

    /// <summary>Name, such as <c>NVIDIA H100 80GB HBM3</c>.</summary>
    public string Name { get; }

    /// <summary>Compute capability without its point: 90 for 9.0.</summary>
    public int Architecture { get; }

    /// <summary>Processors on it.</summary>
    public int Multiprocessors { get; }

    /// <summary>All memory.</summary>
    public long TotalBytes { get; }

    /// <summary>Memory that is free now; what libtorch holds in reserve counts as taken.</summary>
    public long FreeBytes => _driver.Memory(_context).Free;

    /// <summary>The GPU that a device of torch is; null where the driver does not answer.</summary>
    public static CudaDevice? Find(Device device)
        => s_devices.GetOrAdd(Math.Max(device.index, 0), static index => new Lazy<CudaDevice?>(() => CudaDriver.Instance is { } driver ? new CudaDevice(driver, index) : null)).Value;

    /// <summary>Loads compiled code.</summary>
    /// <inheritdoc cref="CudaDriver.LoadFunctions"/>
    public IReadOnlyDictionary<string, nint> LoadFunctions(byte[] image, IEnumerable<string> names) => _driver.LoadFunctions(_context, image, names);

    /// <summary>Starts a function on the stream that libtorch uses.</summary>
    /// <inheritdoc cref="CudaDriver.Launch"/>
    public void Launch(nint function, uint columns, uint rows, uint threads, void** arguments)
    {
        nint stream = 0;
        if (s_currentStream.Value is not 0 and var current && ((delegate* unmanaged<int, nint*, int>)current)(_index, &stream) != 0)
        {
            throw new InvalidOperationException("libtorch does not tell its CUDA stream.");
        }
        _driver.Launch(_context, function, columns, rows, threads, stream, arguments);
    }
}
