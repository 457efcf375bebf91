using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Tests.Architecture;

/// <summary>How source files are laid out.</summary>
public partial class SourceTests
{
    private const int MaxLines = 350;

    [Fact]
    public void EachPublicTypeStandsInAFileOfItsName()
    {
        HashSet<string> files = [.. Repository.SourceFiles("src/Microsoft.ML.Vlm").Select(static file => Path.GetFileNameWithoutExtension(file))];
        string[] types = [.. typeof(LoraOptions).Assembly.GetExportedTypes().Where(static type => !type.IsNested).Select(static type => type.Name.Split('`')[0])];
        Assert.Contains("LoraOptions", types);
        FloorTests.AssertNone([.. types.Where(type => !files.Contains(type))], "Public types without a file of their name");
    }

    [Fact]
    public void NoFileHoldsTwoPublicTypes()
        => FloorTests.AssertNone([.. Repository.SourceFiles("src").Where(static file => CountPublicTypes(Read(file)) > 1)], "Files with more than one public type");

    [Fact]
    public void FilesAreShort()
        => FloorTests.AssertNone([.. Repository.SourceFiles("src").Select(static file => (file, Lines: Read(file).Count(static unit => unit == '\n')))
            .Where(static entry => entry.Lines > MaxLines).Select(static entry => $"{entry.file}: {entry.Lines} lines")], $"Files of more than {MaxLines} lines");

    [Fact]
    public void OnlyTheTorchFolderImportsLibtorch()
    {
        string[] importing = [.. Repository.SourceFiles("src").Where(static file => ImportsLibtorch(Read(file)))];
        Assert.NotEmpty(importing);
        FloorTests.AssertNone([.. importing.Where(static file => !file.StartsWith("Microsoft.ML.Vlm/Torch/", StringComparison.Ordinal))], "Imports of libtorch outside Torch/");
    }

    [Theory]
    [InlineData("[LibraryImport(\"torch_cpu\")]", true)]
    [InlineData("[LibraryImport(Torch, EntryPoint = \"x\")] const string Torch = \"torch_cpu\";", true)]
    [InlineData("[DllImport(\"libtorch_cpu.so\")]", true)]
    [InlineData("[LibraryImport(\"LibTorchSharp\")]", true)]
    [InlineData("[LibraryImport(\"c10\")]", true)]
    [InlineData("[LibraryImport(\"libc\")] // for torch", false)]
    [InlineData("\"torch_cpu\"", false)]
    public void ImportsAreRecognized(string source, bool expected) => Assert.Equal(expected, ImportsLibtorch(source));

    [Theory]
    [InlineData("public sealed record A(int X);\n", 1)]
    [InlineData("public class A\n{\n    public enum B { }\n}\npublic readonly record struct C;\n", 2)]
    [InlineData("internal class A;\npublic static partial class B;\npublic delegate void C();\n", 2)]
    public void PublicTypesAreCounted(string source, int expected) => Assert.Equal(expected, CountPublicTypes(source));

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, "src", file));

    private static bool ImportsLibtorch(string source) => ImportAttribute().IsMatch(source) && LibtorchName().IsMatch(source);

    // Types that are not nested begin at the margin, as namespaces are file-scoped.
    private static int CountPublicTypes(string source) => PublicType().Count(source);

    [GeneratedRegex(@"\[(?:LibraryImport|DllImport)\b")]
    private static partial Regex ImportAttribute();

    [GeneratedRegex("\"(?:lib)?(?:torch\\w*|c10\\w*|LibTorchSharp)(?:\\.so|\\.dll|\\.dylib)?\"")]
    private static partial Regex LibtorchName();

    [GeneratedRegex(@"^public (?:(?:static|sealed|abstract|partial|readonly|ref|unsafe) )*(?:class|record|struct|interface|enum|delegate)\b", RegexOptions.Multiline)]
    private static partial Regex PublicType();
}
