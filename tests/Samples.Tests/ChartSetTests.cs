using Microsoft.ML;

namespace Samples.Tests;

public sealed class ChartSetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("charts-").FullName;
    private readonly MLContext _ml = new(seed: 1);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Drawn_charts_are_read_back_and_the_same_seed_writes_the_same_files()
    {
        ChartFactory.ChartSet.Write(_folder, trainingRows: 7, testRows: 6, seed: 3);
        Dictionary<string, byte[]> first = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllBytes);
        IDataView questions = Load("train.jsonl"), pairs = Load("train_pairs.jsonl");
        Assert.StartsWith("ChartQA: Prompt <- query; Label <- label", questions.DescribeVlmColumns());
        Assert.StartsWith("preferences: Prompt <- query; Chosen <- chosen; Rejected <- rejected; Image <- image", pairs.DescribeVlmColumns());
        Assert.Equal(7, questions.GetRowCount());
        Pair[] rows = [.. _ml.Data.CreateEnumerable<Pair>(pairs, reuseRowObject: false)];
        Assert.Equal(7, rows.Length);
        Assert.All(rows, pair => Assert.NotEqual(pair.Chosen, pair.Rejected));
        Assert.Equal(3, rows.Count(pair => pair.Rejected.StartsWith("I think", StringComparison.Ordinal)));
        Assert.Equal(3 + 2 + 4, first.Count);

        ChartFactory.ChartSet.Write(_folder, trainingRows: 7, testRows: 6, seed: 3);
        Assert.All(first, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
    }

    private IDataView Load(string file) => _ml.Data.LoadVlm(Path.Combine(_folder, file));

    private sealed class Pair
    {
        public string Chosen { get; set; } = "";

        public string Rejected { get; set; } = "";
    }
}
