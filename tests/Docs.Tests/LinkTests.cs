using System.Text.RegularExpressions;
using Documentation;

namespace Docs.Tests;

/// <summary>Links between the documents lead somewhere, anchors too.</summary>
public sealed partial class LinkTests
{
    private static readonly string s_root = RepositoryFolder.Find();

    [Fact]
    public void Every_relative_link_and_anchor_leads_somewhere()
    {
        string[] documents = [.. Documents()];
        Assert.True(documents.Length > 15, $"Only {documents.Length} documents were found below '{s_root}'.");
        string[] broken = [.. documents.SelectMany(Broken)];
        Assert.True(broken.Length == 0, string.Join(Environment.NewLine, broken));
    }

    [Fact]
    public void Every_document_is_in_the_index()
    {
        string index = File.ReadAllText(Path.Combine(s_root, "docs", "README.md"));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(s_root, "docs"), "*.md").Select(file => Path.GetFileName(file)!),
            name => name != "README.md" && !index.Contains($"]({name})", StringComparison.Ordinal));
    }

    [Fact]
    public void Documents_that_the_sources_name_exist()
    {
        IEnumerable<string> named = ((string[])["src", "samples", "tools", "tests", "benchmarks"]).Select(folder => Path.Combine(s_root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => DocumentName().Matches(File.ReadAllText(file)).Select(match => match.Value)).Distinct();
        Assert.DoesNotContain(named, name => !File.Exists(Path.Combine(s_root, name)));
    }

    [Theory]
    [InlineData("## What is trained", "what-is-trained")]
    [InlineData("#### Parts of the model, and their rates", "parts-of-the-model-and-their-rates")]
    [InlineData("# VlmSftEstimator.Options", "vlmsftestimatoroptions")]
    [InlineData("## The `vlm` tool: 2 ways", "the-vlm-tool-2-ways")]
    public void Anchors_are_made_as_GitHub_makes_them(string heading, string anchor) => Assert.Equal([anchor], Anchors([heading]));

    [Fact]
    public void The_same_heading_twice_has_two_anchors_and_named_ones_count() => Assert.Equal(["a", "a-1", "b"], Anchors(["# A", "```", "# no heading", "```", "## A", "| 1 | <a id=\"b\"></a>x |"]).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Documents()
        => [.. Directory.GetFiles(s_root, "*.md"), .. Directory.GetFiles(Path.Combine(s_root, "docs"), "*.md", SearchOption.AllDirectories),
            .. ((string[])["src", "samples"]).Select(folder => Path.Combine(s_root, folder)).SelectMany(folder => (string[])[folder, .. Directory.GetDirectories(folder)]).Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists)];

    private static IEnumerable<string> Broken(string document)
    {
        int number = 0;
        foreach (string line in Prose(File.ReadAllLines(document)))
        {
            number++;
            foreach (Match match in Link().Matches(line))
            {
                string[] parts = match.Groups[1].Value.Split('#', 2);
                string target = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
                string place = $"{Path.GetRelativePath(s_root, document)}, line {number}: '{match.Value}'";
                if (!File.Exists(target) && !Directory.Exists(target))
                {
                    yield return $"{place}: there is no '{Path.GetRelativePath(s_root, target)}'.";
                }
                else if (parts.Length == 2 && !(File.Exists(target) && Anchors(File.ReadAllLines(target)).Contains(parts[1])))
                {
                    yield return $"{place}: no heading of '{Path.GetRelativePath(s_root, target)}' has this anchor.";
                }
            }
        }
    }

    private static HashSet<string> Anchors(string[] lines)
    {
        HashSet<string> anchors = [];
        foreach (string line in Prose(lines))
        {
            anchors.UnionWith(NamedAnchor().Matches(line).Select(match => match.Groups[1].Value));
            if (!Heading().IsMatch(line))
            {
                continue;
            }
            string anchor = NotInAnchors().Replace(Heading().Replace(line, "").Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (int again = 0; !anchors.Add(again == 0 ? anchor : $"{anchor}-{again}"); again++)
            {
            }
        }
        return anchors;
    }

    // Lines keep their numbers; those of code are empty.
    private static IEnumerable<string> Prose(string[] lines)
    {
        bool isCode = false;
        foreach (string line in lines)
        {
            bool isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            yield return isCode || isFence ? "" : line;
        }
    }

    // Not what has a scheme: those lead out of the repository.
    [GeneratedRegex(@"\]\((?![a-z]+:)([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#{1,6} ")]
    private static partial Regex Heading();

    [GeneratedRegex("<a id=\"([^\"]+)\"></a>")]
    private static partial Regex NamedAnchor();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"(?<![\w/])docs/[\w\-]+\.md")]
    private static partial Regex DocumentName();
}
