using Documentation;

namespace Docs.Tests;

public sealed class OptionsReferenceTests
{
    [Fact]
    public void The_reference_of_options_is_the_one_that_the_doc_comments_make()
    {
        string page = OptionsReference.Write();
        Assert.Contains("| `LearningRate` |", page);
        Assert.DoesNotContain("| ` ` |", page);
        string[] written = page.Split('\n'), kept = File.ReadAllLines(Path.Combine(RepositoryFolder.Find(), "docs", "options.md"));
        string[] missing = [.. written.Except(kept).Take(5)], old = [.. kept.Except(written).Take(5)];
        Assert.True(missing.Length + old.Length == 0,
            $"docs/options.md is not up to date: run 'dotnet run -c Release --project tools/Documentation -- options'. New: {string.Join(" / ", missing)}. Old: {string.Join(" / ", old)}");
    }

    [Fact]
    public void Every_option_says_what_it_is()
        => Assert.DoesNotContain(OptionsReference.Write().Split('\n'), line => line.StartsWith("| `", StringComparison.Ordinal) && line.EndsWith("|  |", StringComparison.Ordinal));
}
