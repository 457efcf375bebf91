using Charts;

namespace Samples.Tests;

public sealed class ChartFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("charts-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Drawn_charts_are_read_back_and_the_same_seed_writes_the_same_files()
    {
        ChartFactory.ChartSet.Write(_folder, trainingRows: 7, testRows: 6, seed: 3);
        Dictionary<string, byte[]> first = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllBytes);
        Assert.Equal(7, ChartFolder.Read(_folder, "train.jsonl", 100).Length);
        Assert.Equal(2, ChartFolder.Read(_folder, "test.jsonl", 2).Length);
        PairRow[] pairs = ChartFolder.ReadPairs(_folder, "train_pairs.jsonl", 100);
        Assert.Equal(7, pairs.Length);
        Assert.All(pairs, pair => Assert.NotEqual(pair.Chosen, pair.Rejected));
        Assert.Equal(3, pairs.Count(pair => pair.Rejected.StartsWith("I think", StringComparison.Ordinal)));
        Assert.Equal(3 + 2 + 4, first.Count);

        ChartFactory.ChartSet.Write(_folder, trainingRows: 7, testRows: 6, seed: 3);
        Assert.All(first, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
    }

    [Fact]
    public void Labels_are_lists_or_texts()
    {
        File.WriteAllText(Path.Combine(_folder, "1.png"), "");
        File.WriteAllLines(Path.Combine(_folder, "train.jsonl"),
            ["""{"image": "1.png", "query": "q", "label": ["a", "b"], "width": 3}""", "", """{"image": "1.png", "query": "q", "label": "c"}"""]);
        Assert.Equal(["a", "c"], ChartFolder.Read(_folder, "train.jsonl", 9).Select(row => row.Answer));
    }

    [Theory]
    [InlineData("{", "train.jsonl, line 2")]
    [InlineData("3", "train.jsonl, line 2")]
    [InlineData("""{"image": "1.png", "query": "q"}""", "train.jsonl, line 2")]
    [InlineData("""{"image": "1.png", "query": "q", "label": []}""", "train.jsonl, line 2")]
    [InlineData("""{"image": "2.png", "query": "q", "label": ["a"]}""", "2.png")]
    public void A_wrong_line_is_named(string line, string message)
    {
        File.WriteAllText(Path.Combine(_folder, "1.png"), "");
        File.WriteAllLines(Path.Combine(_folder, "train.jsonl"), ["""{"image": "1.png", "query": "q", "label": ["a"]}""", line]);
        Assert.Contains(message, Assert.Throws<SampleException>(() => ChartFolder.Read(_folder, "train.jsonl", 9)).Message);
    }

    [Theory]
    [InlineData("{", "train_pairs.jsonl, line 2")]
    [InlineData("""{"image": "1.png", "query": "q", "chosen": "a"}""", "train_pairs.jsonl, line 2")]
    [InlineData("""{"image": "2.png", "query": "q", "chosen": "a", "rejected": "b"}""", "2.png")]
    public void A_wrong_pair_is_named(string line, string message)
    {
        File.WriteAllText(Path.Combine(_folder, "1.png"), "");
        File.WriteAllLines(Path.Combine(_folder, "train_pairs.jsonl"), ["""{"image": "1.png", "query": "q", "chosen": "a", "rejected": "b"}""", line]);
        Assert.Contains(message, Assert.Throws<SampleException>(() => ChartFolder.ReadPairs(_folder, "train_pairs.jsonl", 9)).Message);
    }

    [Fact]
    public void Preferences_may_be_missing() => Assert.Empty(ChartFolder.ReadPairs(_folder, "train_pairs.jsonl", 9));

    [Fact]
    public void A_missing_file_is_named()
        => Assert.Contains("test.jsonl", Assert.Throws<SampleException>(() => ChartFolder.Read(_folder, "test.jsonl", 9)).Message);
}
