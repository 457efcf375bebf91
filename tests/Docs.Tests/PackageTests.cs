using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using ChartFactory;
using Documentation;
using Microsoft.ML.Data;

namespace Docs.Tests;

/// <summary>The packages as a stranger gets them: packed, read, and used from a folder by a project that knows nothing of this repository.</summary>
[Collection<PackedGroup>]
public sealed class PackageTests(PackedPackages packed)
{
    private const string Program = """
        using Microsoft.ML;
        using Microsoft.ML.Data;
        using Microsoft.ML.Vlm;
        using Microsoft.ML.Vlm.Dpo;

        var ml = new MLContext(seed: 1);
        IDataView train = ml.Data.LoadVlm("rows.jsonl");
        var model = ml.Transforms.VlmSft(new VlmSftEstimator.Options
        {
            ModelPath = args[0], Precision = VlmPrecision.Float32, BatchSize = 5, MaxEpochs = 2, Generation = new GenerationOptions { MaxNewTokens = 8 }, ScoreColumnName = null,
        }).Fit(train);
        ml.Model.Save(model, train.Schema, "model.zip");
        string Answer(ITransformer transformer) => string.Join('|', transformer.Transform(train).GetColumn<string>("Response"));
        Console.WriteLine($"same answer: {Answer(model) == Answer(new MLContext().Model.Load("model.zip", out _))}");

        ml.Transforms.VlmDpo(model, new VlmDpoEstimator.Options
        {
            BatchSize = 5, MaxEpochs = 1, LoggingSteps = 1, MetricsCallback = metrics => Console.WriteLine($"margins at first: {metrics.Values["rewards/margins"]}"),
        }).Fit(ml.Data.LoadVlm("pairs.jsonl"));
        """;

    private static readonly string s_root = RepositoryFolder.Find();

    [Theory]
    [InlineData("Microsoft.ML.Vlm")]
    [InlineData("Microsoft.ML.Vlm.Dpo")]
    public void A_package_says_what_it_is_and_holds_documentation_and_symbols(string name)
    {
        using ZipArchive package = ZipFile.OpenRead(packed.Find(name, "nupkg")), symbols = ZipFile.OpenRead(packed.Find(name, "snupkg"));
        string[] files = [.. package.Entries.Select(entry => entry.FullName)];
        foreach (string file in (string[])[$"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml", "README.md", "icon.png", $"{name}.nuspec"])
        {
            Assert.Contains(file, files);
        }
        Assert.Contains($"lib/net10.0/{name}.pdb", symbols.Entries.Select(entry => entry.FullName));

        using Stream nuspec = package.GetEntry($"{name}.nuspec")!.Open();
        XElement metadata = XDocument.Load(nuspec).Root!.Elements().First();
        string Value(string element) => metadata.Elements().FirstOrDefault(child => child.Name.LocalName == element)?.Value ?? "";
        Assert.Equal(("MIT", "README.md", "icon.png"), (Value("license"), Value("readme"), Value("icon")));
        Assert.NotEqual("", Value("description"));
        Assert.NotEqual("", Value("tags"));
        XElement repository = metadata.Elements().Single(child => child.Name.LocalName == "repository");
        Assert.Equal("git", repository.Attribute("type")?.Value);
        Assert.Matches("^[0-9a-f]{40}$", repository.Attribute("commit")?.Value);

        // The application chooses libtorch, and what only the build uses is nobody's dependency.
        string[] dependencies = [.. metadata.Descendants().Where(child => child.Name.LocalName == "dependency").Select(child => child.Attribute("id")!.Value)];
        Assert.DoesNotContain(dependencies, id => id.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase) || id is "Mono.Cecil");
        Assert.Contains(name == "Microsoft.ML.Vlm" ? "TorchSharp" : "Microsoft.ML.Vlm", dependencies);
    }

    [Fact]
    public void The_icon_is_the_one_that_the_generator_paints()
    {
        using MLImage icon = MLImage.CreateFromFile(Path.Combine(s_root, "build", "icon.png"));
        Assert.Equal((PackageIcon.Size, PackageIcon.Size), (icon.Width, icon.Height));
        int red = icon.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
        byte[] painted = PackageIcon.Paint(), pixels = icon.Pixels.ToArray();
        for (int pixel = 0; pixel < PackageIcon.Size * PackageIcon.Size; pixel++)
        {
            Assert.Equal(painted.AsSpan(pixel * 3, 3), (ReadOnlySpan<byte>)[pixels[(pixel * 4) + red], pixels[(pixel * 4) + 1], pixels[(pixel * 4) + 2 - red]]);
        }
    }

    [Fact]
    public void A_project_that_takes_the_packages_from_a_folder_fine_tunes_and_aligns()
    {
        string folder = Path.Combine(packed.Folder, "consumer");
        Directory.CreateDirectory(folder);
        var random = new SeededRandom(seed: 1);
        Chart chart = new ChartGenerator(random).Next();
        File.WriteAllBytes(Path.Combine(folder, "chart.png"), PngFile.Encode(Chart.Size, Chart.Size, ChartPainter.Paint(chart)));
        ChartQuestion[] questions = ChartQuestion.AskAll(chart, random);
        File.WriteAllLines(Path.Combine(folder, "rows.jsonl"), questions.Select(question => JsonSerializer.Serialize(new { image = "chart.png", question = question.Query, answer = question.Answer })));
        File.WriteAllLines(Path.Combine(folder, "pairs.jsonl"), questions.Select(question
            => JsonSerializer.Serialize(new { image = "chart.png", prompt = question.Query, chosen = question.Answer, rejected = question.Wrong })));
        packed.WriteSources(folder);
        WriteConsumer(folder);

        Assert.Contains("Build succeeded", PackedPackages.Run(folder, "build", "-c", "Release", "--disable-build-servers"));
        string printed = PackedPackages.Run(folder, Path.Combine("bin", "Release", "net10.0", "Consumer.dll"), Path.Combine(s_root, "samples", "Charts", "model"));
        Assert.Contains("same answer: True", printed);
        Assert.Contains("margins at first: 0", printed);
        // What ran came out of the packages.
        Assert.True(Directory.Exists(Path.Combine(folder, "packages", "microsoft.ml.vlm.dpo")));
    }

    private void WriteConsumer(string folder)
    {
        string libtorch = OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64" : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";
        File.WriteAllText(Path.Combine(folder, "Consumer.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Microsoft.ML.Vlm" Version="{packed.Version}" />
                <PackageReference Include="Microsoft.ML.Vlm.Dpo" Version="{packed.Version}" />
                <PackageReference Include="{libtorch}" Version="2.10.0" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Program);
    }
}
