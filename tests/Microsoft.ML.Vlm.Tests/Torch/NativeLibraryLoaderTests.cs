using Microsoft.ML.Vlm.Torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public sealed class NativeLibraryLoaderTests
{
    [Fact]
    public void Packages_are_found_beside_an_assembly_in_the_folder_of_NuGet()
    {
        string packages = Path.Combine(Path.GetTempPath(), "packages");
        IReadOnlyList<string> found = NativeLibraryLoader.PackageFolders(Path.Combine(packages, "torchsharp", "0.107.0", "lib", "net8.0", "TorchSharp.dll"));
        Assert.Equal(Path.Combine(packages, "torchsharp", "0.107.0"), found[0]);
        Assert.StartsWith(Path.Combine(packages, "libtorch-cpu-"), found[1], StringComparison.Ordinal);
        Assert.EndsWith(Path.Combine(OperatingSystem.IsMacOS() ? "osx-arm64" : "x64", "2.10.0"), found[1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_application_has_its_libraries_beside_it()
    {
        Assert.Empty(NativeLibraryLoader.PackageFolders(Path.Combine(AppContext.BaseDirectory, "TorchSharp.dll")));
        Assert.Empty(NativeLibraryLoader.PackageFolders("TorchSharp.dll"));
        Assert.Empty(NativeLibraryLoader.PackageFolders(""));
    }
}
