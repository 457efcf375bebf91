using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// Makes TorchSharp's native library load on Linux systems whose C++ runtime is one version too old for it
/// (Debian 12, Ubuntu 22.04), and turns a missing libtorch into an error that names the package to add.
/// </summary>
/// <remarks>
/// The resolver runs only after the shipped file failed to load, so newer systems are untouched. On older ones a private copy of
/// <c>libLibTorchSharp.so</c> is prepared (see <see cref="CppRuntimeCompatibility"/>), loaded and deleted again. In notebooks, which use packages where NuGet keeps them,
/// it also finds what no folder of an application holds.
/// </remarks>
internal static class NativeLibraryLoader
{
    private const string BindingLibrary = "LibTorchSharp";
    private const string TorchLibrary = "torch_cpu";
    private const string TorchVersion = "2.10.0";
    private static readonly string[] s_torchLibraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];
    private static string? s_failure;
    private static nint s_binding;

    /// <summary>Checks that libtorch is there and starts it.</summary>
    /// <exception cref="InvalidOperationException">No libtorch for this platform is beside the application, or it cannot be loaded.</exception>
    public static void EnsureLoaded()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception exception) when (exception is NotSupportedException or TypeInitializationException or DllNotFoundException or FileNotFoundException)
        {
            throw new InvalidOperationException(
                $"libtorch could not be loaded. Add the package '{PackageForThisPlatform()}' {TorchVersion} (CPU) or a TorchSharp CUDA package to the application; "
                + $"Microsoft.ML.Vlm references TorchSharp only and leaves the choice of the native library to you. {s_failure}", exception);
        }
    }

    // CA2255: a library may not rely on module initializers in general; here the hook must be in place before the first use of torch,
    // which may be the user's own.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void Initialize()
#pragma warning restore CA2255
    {
        if (OperatingSystem.IsLinux())
        {
            LargePages.Request();
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
        }
    }

    private static nint Resolve(Assembly assembly, string name) => name switch
    {
        // Asked again, as TorchSharp does when it looks for GPUs, the copy of before is the library.
        BindingLibrary => s_binding != 0 ? s_binding : s_binding = LoadBinding(),
        TorchLibrary when Find("libtorch_cpu.so") is { } file && NativeLibrary.TryLoad(file, out nint torch) => torch,
        _ => 0,
    };

    private static nint LoadBinding()
    {
        string? binding = Find("libLibTorchSharp.so");
        string?[] dependencies = [.. s_torchLibraries.Select(Find)];
        if (binding is null || dependencies.Contains(null))
        {
            s_failure = "No libtorch was found beside the application.";
            return 0;
        }

        // With these resident under their own names, the copy does not need to stand in their folder.
        foreach (string? dependency in dependencies)
        {
            NativeLibrary.Load(dependency!);
        }

        if (NativeLibrary.TryLoad(binding, out nint shipped))
        {
            return shipped;
        }
        byte[]? image = CppRuntimeCompatibility.Relax(File.ReadAllBytes(binding));
        if (image is null)
        {
            s_failure = $"'{binding}' asks for a newer C++ runtime (libstdc++) than this system has; install gcc 13's libstdc++ or use a newer system.";
            return 0;
        }

        string copy = Path.Combine(Path.GetTempPath(), $"LibTorchSharp-{Guid.NewGuid():N}.so");
        try
        {
            File.WriteAllBytes(copy, image);
            if (!NativeLibrary.TryLoad(copy, out nint handle))
            {
                s_failure = $"'{binding}' does not load on this system; its C++ runtime (libstdc++) must offer GLIBCXX_3.4.30 (gcc 12) or newer.";
            }
            return handle;
        }
        finally
        {
            File.Delete(copy);
        }
    }

    /// <summary>Files of a pattern in the folders that native libraries are taken from.</summary>
    internal static IEnumerable<string> FindFiles(string pattern)
        => SearchFolders().Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, pattern)).Order(StringComparer.Ordinal);

    private static string? Find(string file)
        => SearchFolders().Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> SearchFolders()
    {
        string runtime = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", runtime, "native");
        yield return AppContext.BaseDirectory;
        string native = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        foreach (string folder in native.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            yield return folder;
        }
        foreach (string package in PackageFolders(typeof(torch).Assembly.Location))
        {
            yield return Path.Combine(package, "runtimes", runtime, "native");
        }
    }

    /// <summary>The packages with native libraries, where assemblies are used from NuGet's folder.</summary>
    /// <param name="bindingPath">TorchSharp's assembly, as <c>packages/torchsharp/VERSION/lib/FRAMEWORK/TorchSharp.dll</c>.</param>
    /// <returns>Nothing for an assembly that stands elsewhere.</returns>
    internal static IReadOnlyList<string> PackageFolders(string bindingPath)
        => Path.GetDirectoryName(bindingPath) is { Length: > 0 } folder && new DirectoryInfo(folder).Parent?.Parent is { Parent: { Name: "torchsharp", Parent: { } packages } } binding
            ? [binding.FullName, Path.Combine(packages.FullName, PackageForThisPlatform(), TorchVersion)]
            : [];

    private static string PackageForThisPlatform()
        => OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64" : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";
}
