using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Tests.Architecture;

/// <summary>docs/pitfalls.md promises by naming tests; each of them has to be there.</summary>
public sealed partial class PitfallsTests
{
    private const int Count = 25;

    [Fact]
    public void Each_pitfall_is_held_by_a_test_that_exists_or_has_a_reason()
    {
        HashSet<string> tests = [.. Repository.SourceFiles("tests").Select(file => Path.GetFileNameWithoutExtension(file))];
        string[] rows = [.. File.ReadLines(Path.Combine(Repository.Root, "docs", "pitfalls.md")).Where(line => NumberedRow().IsMatch(line))];

        Assert.Equal(Enumerable.Range(1, Count), rows.Select(row => int.Parse(NumberedRow().Match(row).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
        FloorTests.AssertNone([.. rows.SelectMany(Named).Distinct().Where(name => !tests.Contains(name))], "Tests that docs/pitfalls.md names and that do not exist");
        FloorTests.AssertNone([.. rows.Where(row => !Named(row).Any() && !row.Contains("Reason:", StringComparison.Ordinal))], "Pitfalls without a test and without a reason");
    }

    private static IEnumerable<string> Named(string row) => TestName().Matches(row).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"^\| (\d+) \|")]
    private static partial Regex NumberedRow();

    [GeneratedRegex("`([A-Za-z0-9]+Tests)`")]
    private static partial Regex TestName();
}
