using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>What can be said of the image without building it.</summary>
public sealed partial class DockerfileTests
{
    private static readonly string s_root = FindRoot();
    private static readonly string s_text = File.ReadAllText(Path.Combine(s_root, "docker", "Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal);

    private static string[] Sources => [.. Copies().Matches(s_text).SelectMany(match => match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..^1])];

    private static string Project => Publish().Match(s_text).Groups[1].Value;

    [Fact]
    public void Everything_that_the_image_is_made_of_is_there()
    {
        Assert.True(Sources.Length > 4);
        Assert.All(Sources, source => Assert.True(Path.Exists(Path.Combine(s_root, source)), source));
        Assert.True(File.Exists(Path.Combine(s_root, Project)), Project);
    }

    [Fact]
    public void Everything_that_the_project_is_built_from_is_copied()
    {
        SortedSet<string> files = [];
        Visit(Project, files);
        Visit("Directory.Build.props", files);
        Assert.Contains("build/Publicize.targets", files);
        Assert.Contains("build/icon.png", files);
        Assert.Contains("src/Microsoft.ML.Vlm.Dpo/Microsoft.ML.Vlm.Dpo.csproj", files);
        Assert.All(files, file => Assert.True(Sources.Any(source => file == source || file.StartsWith(source + "/", StringComparison.Ordinal)), $"{file} is not copied"));

        // Read by their names.
        Assert.All(new[] { "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig" }, name => Assert.Contains(name, Sources));
    }

    [Fact]
    public void The_command_of_the_image_is_what_was_published()
    {
        string options = Publish().Match(s_text).Groups[2].Value;
        string output = Output().Match(options).Groups[1].Value, place = Taken().Match(s_text).Groups[2].Value;
        Assert.Equal(output, Taken().Match(s_text).Groups[1].Value);
        Assert.Contains($"exec dotnet {place}/{Path.GetFileNameWithoutExtension(Project)}.dll", s_text, StringComparison.Ordinal);
        Assert.Contains("> /usr/local/bin/vlm", s_text, StringComparison.Ordinal);

        // Properties that decide what is published are those that the project asks for.
        Assert.Contains("-p:VlmCuda=${CUDA}", options, StringComparison.Ordinal);
        Assert.Contains("'$(VlmCuda)' == 'true'", File.ReadAllText(Path.Combine(s_root, Project)), StringComparison.Ordinal);
        Assert.Contains("<CreateSymbolicLinksForCopyLocalIfPossible", File.ReadAllText(Path.Combine(s_root, "Directory.Build.props")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_images_below_have_the_frameworks_version()
    {
        XDocument properties = XDocument.Load(Path.Combine(s_root, "Directory.Build.props"));
        string framework = properties.Descendants("TargetFramework").Single().Value["net".Length..];
        string sdk = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(s_root, "global.json")))!["sdk"]!["version"]!;
        Assert.Equal([("sdk", framework), ("runtime", framework)], Bases().Matches(s_text).Select(match => (match.Groups[1].Value, match.Groups[2].Value)));
        Assert.StartsWith(framework + ".", sdk, StringComparison.Ordinal);
    }

    // Files that a project names, and those that these name; conditions and wildcards of its own folder aside.
    private static void Visit(string file, SortedSet<string> files)
    {
        if (!files.Add(file))
        {
            return;
        }
        string folder = Path.GetDirectoryName(Path.Combine(s_root, file))!;
        foreach (XElement element in XDocument.Load(Path.Combine(s_root, file)).Descendants())
        {
            string? named = element.Name.LocalName switch
            {
                "Import" => (string?)element.Attribute("Project"),
                "ProjectReference" or "None" or "Content" or "Compile" or "EmbeddedResource" or "AdditionalFiles" => (string?)element.Attribute("Include"),
                _ => null,
            };
            string path = (named ?? "").Replace("$(MSBuildThisFileDirectory)", folder + "/", StringComparison.Ordinal);
            if (named is null || path.Contains('$', StringComparison.Ordinal) || path.Contains('*', StringComparison.Ordinal) || (Path.GetFileName(path) == path && file == "Directory.Build.props"))
            {
                continue;
            }
            string relative = Path.GetRelativePath(s_root, Path.GetFullPath(Path.Combine(folder, path))).Replace('\\', '/');
            Assert.True(File.Exists(Path.Combine(s_root, relative)), $"{file} names {relative}, which is not there");
            if (element.Name.LocalName is "Import" or "ProjectReference")
            {
                Visit(relative, files);
            }
            else
            {
                files.Add(relative);
            }
        }
    }

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "VlmMlNet.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new DirectoryNotFoundException("The tests do not run in the repository.");
        }
        return root;
    }

    [GeneratedRegex(@"^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex Copies();

    [GeneratedRegex(@"dotnet publish (\S+)(.*)$", RegexOptions.Multiline)]
    private static partial Regex Publish();

    [GeneratedRegex(@"-o (\S+)")]
    private static partial Regex Output();

    [GeneratedRegex(@"^COPY --from=build (\S+) (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Taken();

    [GeneratedRegex(@"^FROM mcr\.microsoft\.com/dotnet/(\w+):(\S+)", RegexOptions.Multiline)]
    private static partial Regex Bases();
}
