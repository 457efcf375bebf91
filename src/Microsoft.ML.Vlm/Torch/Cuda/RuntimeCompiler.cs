using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.Vlm.Torch.Cuda;

/// <summary>CUDA's run-time compiler (NVRTC), which comes with libtorch's CUDA packages: source text to machine code of one GPU.</summary>
internal sealed unsafe class RuntimeCompiler
{
    // Newest first. PyTorch's wheels and NVIDIA's packages name it by version; TorchSharp's packages put a hash into the name, which only a look into the folder finds.
    private static readonly string[] s_names = OperatingSystem.IsWindows()
        ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"]
        : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];

    private static readonly Lazy<RuntimeCompiler?> s_instance = new(Load);

    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> _create;
    private readonly delegate* unmanaged<nint, int, byte**, int> _compile;
    private readonly delegate* unmanaged<nint, nuint*, int> _imageSize;
    private readonly delegate* unmanaged<nint, byte*, int> _image;
    private readonly delegate* unmanaged<nint, nuint*, int> _logSize;
    private readonly delegate* unmanaged<nint, byte*, int> _log;
    private readonly delegate* unmanaged<nint*, int> _destroy;

    private RuntimeCompiler(nint library)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        _create = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram");
        _compile = (delegate* unmanaged<nint, int, byte**, int>)Export("nvrtcCompileProgram");
        _imageSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetCUBINSize");
        _image = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetCUBIN");
        _logSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetProgramLogSize");
        _log = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetProgramLog");
        _destroy = (delegate* unmanaged<nint*, int>)Export("nvrtcDestroyProgram");
    }

    /// <summary>The compiler; null where it is not installed.</summary>
    public static RuntimeCompiler? Instance => s_instance.Value;

    /// <summary>Compiles a source without includes.</summary>
    /// <param name="source">CUDA C++.</param>
    /// <param name="architecture">Compute capability without its point.</param>
    /// <returns>A cubin.</returns>
    /// <exception cref="InvalidOperationException">It does not compile for that GPU; gives the compiler's words.</exception>
    public byte[] Compile(string source, int architecture)
    {
        byte[] text = Encoding.UTF8.GetBytes(source + '\0'), target = Encoding.UTF8.GetBytes($"--gpu-architecture=sm_{architecture}\0"), standard = "--std=c++17\0"u8.ToArray();
        nint program;
        fixed (byte* code = text, first = target, second = standard)
        {
            if (_create(&program, code, null, 0, null, null) is not 0 and var status)
            {
                throw new InvalidOperationException($"NVRTC refused a program with error {status}.");
            }
            try
            {
                byte** options = stackalloc byte*[] { first, second };
                return _compile(program, 2, options) == 0 ? Image(program) : throw new InvalidOperationException($"NVRTC cannot compile for compute capability {architecture}: {Log(program)}");
            }
            finally
            {
                _ = _destroy(&program);
            }
        }
    }

    private byte[] Image(nint program)
    {
        nuint size;
        int status = _imageSize(program, &size);
        byte[] image = new byte[(int)size];
        fixed (byte* bytes = image)
        {
            status |= _image(program, bytes);
        }
        return status == 0 ? image : throw new InvalidOperationException("NVRTC gives no machine code; it is older than 11.1.");
    }

    private string Log(nint program)
    {
        nuint size;
        if (_logSize(program, &size) != 0 || size == 0)
        {
            return "";
        }
        byte[] log = new byte[(int)size];
        fixed (byte* bytes = log)
        {
            _ = _log(program, bytes);
        }
        return Encoding.UTF8.GetString(log).TrimEnd('\0');
    }

    private static RuntimeCompiler? Load()
    {
        foreach (string name in s_names.Concat(NativeLibraryLoader.FindFiles(OperatingSystem.IsWindows() ? "nvrtc64_*.dll" : "libnvrtc-*.so*").Where(IsCompiler)))
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "nvrtcGetCUBIN", out _))
            {
                return new RuntimeCompiler(library);
            }
        }
        return null;
    }

    private static bool IsCompiler(string path) => !Path.GetFileName(path).Contains("builtins", StringComparison.Ordinal) && !Path.GetFileName(path).Contains("alt", StringComparison.Ordinal);
}
