using System.Runtime.InteropServices;

namespace Microsoft.ML.Vlm.Torch.Cuda;

/// <summary>The functions of the GPU's driver that are used here. The driver is loaded when it is first asked for, which nothing does on a machine without a GPU.</summary>
internal sealed unsafe class CudaDriver
{
    private const int NameLength = 256;

    private static readonly string[] s_names = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];
    private static readonly Lazy<CudaDriver?> s_instance = new(Load);

    private readonly delegate* unmanaged<int*, int, int, int> _getAttribute;
    private readonly delegate* unmanaged<byte*, int, int, int> _getName;
    private readonly delegate* unmanaged<nint*, int, int> _retainContext;
    private readonly delegate* unmanaged<nint, int> _push;
    private readonly delegate* unmanaged<nint*, int> _pop;
    private readonly delegate* unmanaged<nuint*, nuint*, int> _getMemory;
    private readonly delegate* unmanaged<nint*, byte*, int> _loadModule;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> _getFunction;
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> _launch;

    private CudaDriver(nint library)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        _getAttribute = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
        _getName = (delegate* unmanaged<byte*, int, int, int>)Export("cuDeviceGetName");
        _retainContext = (delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
        _push = (delegate* unmanaged<nint, int>)Export("cuCtxPushCurrent_v2");
        _pop = (delegate* unmanaged<nint*, int>)Export("cuCtxPopCurrent_v2");
        _getMemory = (delegate* unmanaged<nuint*, nuint*, int>)Export("cuMemGetInfo_v2");
        _loadModule = (delegate* unmanaged<nint*, byte*, int>)Export("cuModuleLoadData");
        _getFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
        _launch = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");
    }

    /// <summary>The driver; null where there is none.</summary>
    public static CudaDriver? Instance => s_instance.Value;

    /// <summary>A whole number that the driver tells of a device.</summary>
    /// <param name="attribute">The number of <c>CUdevice_attribute</c>.</param>
    /// <param name="device">Index of the device.</param>
    public int Attribute(int attribute, int device)
    {
        int value = 0;
        Check(_getAttribute(&value, attribute, device), "cuDeviceGetAttribute");
        return value;
    }

    /// <summary>Name of a device.</summary>
    public string Name(int device)
    {
        byte* text = stackalloc byte[NameLength];
        Check(_getName(text, NameLength, device), "cuDeviceGetName");
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    /// <summary>The context that libtorch computes in: the device's primary one. It stays until the process ends.</summary>
    public nint RetainPrimaryContext(int device)
    {
        nint context;
        Check(_retainContext(&context, device), "cuDevicePrimaryCtxRetain");
        return context;
    }

    /// <summary>Memory of the device of a context: free and all bytes.</summary>
    public (long Free, long Total) Memory(nint context)
    {
        nuint free = 0, total = 0;
        Check(_push(context), "cuCtxPushCurrent");
        try
        {
            Check(_getMemory(&free, &total), "cuMemGetInfo");
        }
        finally
        {
            Leave();
        }
        return ((long)free, (long)total);
    }

    /// <summary>Loads compiled code into a context and gives its functions by name.</summary>
    /// <param name="context">Of the device that it was compiled for.</param>
    /// <param name="image">A cubin.</param>
    /// <param name="names">Names of the functions.</param>
    public IReadOnlyDictionary<string, nint> LoadFunctions(nint context, byte[] image, IEnumerable<string> names)
    {
        Dictionary<string, nint> functions = [];
        Check(_push(context), "cuCtxPushCurrent");
        try
        {
            nint module, function;
            fixed (byte* data = image)
            {
                Check(_loadModule(&module, data), "cuModuleLoadData");
            }
            foreach (string name in names)
            {
                nint text = Marshal.StringToCoTaskMemUTF8(name);
                int status = _getFunction(&function, module, (byte*)text);
                Marshal.FreeCoTaskMem(text);
                Check(status, name);
                functions.Add(name, function);
            }
        }
        finally
        {
            Leave();
        }
        return functions;
    }

    /// <summary>Starts a function; it runs behind what the stream holds already.</summary>
    /// <param name="context">The context that it was loaded into.</param>
    /// <param name="function">From <see cref="LoadFunctions"/>.</param>
    /// <param name="columns">Blocks along the first axis.</param>
    /// <param name="rows">Blocks along the second axis.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="stream">The stream that libtorch uses.</param>
    /// <param name="arguments">Addresses of the function's arguments, in order.</param>
    public void Launch(nint context, nint function, uint columns, uint rows, uint threads, nint stream, void** arguments)
    {
        Check(_push(context), "cuCtxPushCurrent");
        try
        {
            Check(_launch(function, columns, rows, 1, threads, 1, 1, 0, stream, arguments, null), "cuLaunchKernel");
        }
        finally
        {
            Leave();
        }
    }

    private void Leave()
    {
        nint context;
        _ = _pop(&context);
    }

    private static void Check(int status, string operation)
    {
        if (status != 0)
        {
            throw new InvalidOperationException($"The CUDA driver refused '{operation}' with error {status}.");
        }
    }

    private static CudaDriver? Load()
    {
        foreach (string name in s_names)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "cuInit", out nint start))
            {
                return ((delegate* unmanaged<uint, int>)start)(0) == 0 ? new CudaDriver(library) : null;
            }
        }
        return null;
    }
}
