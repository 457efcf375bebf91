using System.IO.Compression;
using ChartFactory;
using Documentation;

namespace Docs.Tests;

/// <summary>The vlm tool as a stranger gets it: installed from its package, run, and asked for a project that builds from the other packages.</summary>
[Collection<PackedGroup>]
public sealed class ToolPackageTests(PackedPackages packed)
{
    // What nuget.org takes.
    private const long LargestPackage = 250_000_000;

    private static readonly string s_model = Path.Combine(RepositoryFolder.Find(), "samples", "Charts", "model");

    [Fact]
    public void The_package_is_a_tool_with_its_native_library_and_documentation()
    {
        string file = packed.Find("Microsoft.ML.Vlm.Cli", "nupkg");
        Assert.InRange(new FileInfo(file).Length, 0, LargestPackage);
        using ZipArchive package = ZipFile.OpenRead(file);
        string[] files = [.. package.Entries.Select(entry => Path.GetFileName(entry.FullName))];
        foreach (string name in (string[])["DotnetToolSettings.xml", "Microsoft.ML.Vlm.Cli.dll", "Microsoft.ML.Vlm.xml", "Microsoft.ML.Vlm.Dpo.xml", "README.md", "icon.png"])
        {
            Assert.Contains(name, files);
        }
        Assert.Contains(files, name => name.Contains("torch_cpu", StringComparison.Ordinal));
        using StreamReader nuspec = new(package.GetEntry("Microsoft.ML.Vlm.Cli.nuspec")!.Open());
        Assert.Contains("<packageType name=\"DotnetTool\" />", nuspec.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tool_is_installed_runs_and_writes_a_project_that_builds_from_the_packages()
    {
        string folder = Path.Combine(packed.Folder, "tool"), tool = Path.Combine(folder, "bin", OperatingSystem.IsWindows() ? "vlm.exe" : "vlm");
        packed.WriteSources(folder);
        PackedPackages.Run(folder, "tool", "install", "Microsoft.ML.Vlm.Cli", "--tool-path", "bin", "--version", packed.Version);
        Assert.StartsWith(packed.Version, PackedPackages.Start(tool, folder, "--version"), StringComparison.Ordinal);
        Assert.Contains("Passes over the data", PackedPackages.Start(tool, folder, "sft", "--help"), StringComparison.Ordinal);
        Assert.Contains("per_device_train_batch_size", PackedPackages.Start(tool, folder, "explain", "sft", "--model_name_or_path", s_model), StringComparison.Ordinal);

        // Eight questions: enough to see that each part of the project runs.
        ChartSet.Write(Path.Combine(folder, "charts"), trainingRows: 8, testRows: 2, seed: 1);
        foreach (string pairs in Directory.GetFiles(Path.Combine(folder, "charts"), "*_pairs.jsonl"))
        {
            File.Delete(pairs);
        }
        PackedPackages.Start(
            tool, folder, "new", "sft", "--name", "ChartAnswers", "--model_name_or_path", s_model, "--dataset_name", "charts", "--dtype", "float32", "--max_steps", "1", "--max_new_tokens", "8");
        string project = Path.Combine(folder, "ChartAnswers");
        Assert.Contains("Build succeeded", PackedPackages.Run(project, "build", "-c", "Release", "--disable-build-servers"));
        string Run(params string[] words) => PackedPackages.Run(folder, ["run", "--no-build", "-c", "Release", "--project", project, "--", .. words]);
        Assert.Contains($"model in {Path.Combine(project, "ChartAnswers.zip")}", Run("train"), StringComparison.Ordinal);
        Assert.Contains("relaxed_accuracy", Run("evaluate"), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(project, "ChartAnswers.evaluation.html")));
        Run("ask", "how many bars are there ?", Path.Combine("..", "charts", "images", "train_0000.png"));
        // What ran came out of the packages.
        Assert.True(Directory.Exists(Path.Combine(folder, "packages", "microsoft.ml.vlm")));
    }
}
