using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>What can be said of the image without building it.</summary>
public sealed partial class DockerfileTests
{
    [Fact]
    public void Everything_that_the_image_is_made_of_is_there()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "VlmMlNet.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new DirectoryNotFoundException("The tests do not run in the repository.");
        }
        string text = File.ReadAllText(Path.Combine(root, "docker", "Dockerfile"));
        string[] sources = [.. Copies().Matches(text).SelectMany(match => match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..^1]), Project().Match(text).Groups[1].Value];
        Assert.True(sources.Length > 4);
        Assert.All(sources, source => Assert.True(Path.Exists(Path.Combine(root, source)), source));
    }

    [GeneratedRegex(@"^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex Copies();

    [GeneratedRegex(@"dotnet publish (\S+)")]
    private static partial Regex Project();
}
