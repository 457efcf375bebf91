using Mono.Cecil;

namespace Microsoft.ML.Vlm.Tests.Architecture;

public class FloorTests
{
    private const string ExampleNamespace = "Microsoft.ML.Vlm.Tests.Architecture.Example";

    [Fact]
    public void NoTypeUsesAHigherFloor()
    {
        Dictionary<string, string> folders = Repository.SourceFiles("src/Microsoft.ML.Vlm").GroupBy(static file => Path.GetFileNameWithoutExtension(file))
            .ToDictionary(static files => files.Key, static files => files.First() is var file && file.Contains('/', StringComparison.Ordinal) ? file[..file.IndexOf('/', StringComparison.Ordinal)] : "");
        FloorMap floors = new("Microsoft.ML.Vlm", name => folders.GetValueOrDefault(name.Split('`')[0], ""));
        using ModuleDefinition module = ModuleDefinition.ReadModule(typeof(LoraOptions).Assembly.Location);
        Assert.Contains(module.Types, static type => type.FullName == typeof(LoraOptions).FullName);
        AssertNone(FloorChecker.FindArrowsUp(module, floors), "Uses of a higher floor");
    }

    [Fact]
    public void TheCheckerSeesEveryKindOfUse()
    {
        FloorMap floors = new(ExampleNamespace, static name => name == "ExampleOptions" ? "Options" : "");
        using ModuleDefinition module = ModuleDefinition.ReadModule(typeof(FloorTests).Assembly.Location);
        string[] lower = ["AsArrayElement", "AsAttribute", "AsBaseType", "AsConstraint`1", "AsField", "AsInterface", "AsLocal", "AsMethodArgument", "AsParameter", "AsTypeArgument", "InLambda", "InNestedType", "InStaticCall"];
        string[] expected = [.. lower.Select(static name => $"{ExampleNamespace}.Models.{name} -> {ExampleNamespace}.Training.{(name switch { "AsAttribute" => "UpperAttribute", "AsInterface" => "IUpper", _ => "Upper" })}")];
        Assert.Equal([$"{ExampleNamespace}.ExampleOptions -> {ExampleNamespace}.Models.AsField", .. expected], FloorChecker.FindArrowsUp(module, floors));
    }

    [Fact]
    public void AFolderWithoutAFloorIsAnError()
    {
        FloorMap floors = new("Root", static _ => "Nowhere");
        Assert.Throws<InvalidOperationException>(() => floors.FloorOf("Root.Cellar", "Type"));
        Assert.Throws<InvalidOperationException>(() => floors.FloorOf("Root", "Type"));
        Assert.Null(floors.FloorOf("System", "Type"));
        Assert.Equal((3, 6), (floors.FloorOf("Root.Models.Blocks", "Type"), floors.FloorOf("Microsoft.ML", "Catalog")));
    }

    internal static void AssertNone(IReadOnlyCollection<string> found, string what) => Assert.True(found.Count == 0, $"{what}:{Environment.NewLine}{string.Join(Environment.NewLine, found)}");
}
