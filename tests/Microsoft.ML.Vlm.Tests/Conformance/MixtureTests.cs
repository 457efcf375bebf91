using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class MixtureTests
{
    private readonly MLContext _ml = new(seed: 1);

    [Theory]
    [InlineData(1.0, 10)]
    [InlineData(0.25, 2)]
    [InlineData(2.5, 25)]
    public void A_fraction_of_the_rows_comes_each_whole_round_once(double fraction, int expected)
    {
        string[] rows = Rows(_ml.Data.MixVlm([new(Data("a", 10)) { Fraction = fraction }]));
        Assert.Equal(expected, rows.Length);
        Assert.All(rows.GroupBy(row => row), group => Assert.InRange(group.Count(), (int)fraction, (int)Math.Ceiling(fraction)));
        if (fraction <= 1)
        {
            Assert.Equal(rows.Order(StringComparer.Ordinal), rows);
        }
    }

    [Fact]
    public void Parts_take_turns_by_the_seed_and_keep_their_order()
    {
        VlmMixturePart[] parts = [new(Data("a", 30)), new(Data("b", 60)) { Fraction = 0.5 }];
        IDataView mixture = _ml.Data.MixVlm(parts, seed: 5);
        string[] rows = Rows(mixture);
        Assert.Equal(60, mixture.GetRowCount() ?? rows.Length);
        Assert.Equal(30, rows.Count(row => row[0] == 'b'));
        Assert.Equal(rows, Rows(mixture));
        Assert.Equal(rows, Rows(_ml.Data.MixVlm(parts, seed: 5)));
        Assert.NotEqual(rows, Rows(_ml.Data.MixVlm(parts, seed: 6)));
        Assert.Equal(Enumerable.Range(0, 30).Select(row => $"a{row:00}"), rows.Where(row => row[0] == 'a'));
        Assert.InRange(rows.Take(20).Count(row => row[0] == 'a'), 4, 16);
    }

    [Fact]
    public void Weights_are_shares_of_the_longest_mixture_without_repetition()
    {
        string[] rows = Rows(_ml.Data.MixVlm([new(Data("a", 30)) { Weight = 3 }, new(Data("b", 60)) { Weight = 1 }]));
        Assert.Equal((30, 10), (rows.Count(row => row[0] == 'a'), rows.Count(row => row[0] == 'b')));
        Assert.Equal(rows.Length, rows.Distinct().Count());
    }

    [Fact]
    public void Text_rows_mix_with_image_rows_and_train()
    {
        using ColorData colors = new(6);
        File.WriteAllLines(colors.Path("a.jsonl"), colors.Rows.Select(row => $$"""{"image": "{{row.ImagePath}}", "prompt": "{{row.Prompt}}", "completion": "{{row.Label}}", "extra": 1}"""));
        File.WriteAllLines(colors.Path("b.jsonl"), Enumerable.Range(0, 6).Select(row => $$"""{"prompt": "what {{row}}?", "completion": "that"}"""));
        IDataView mixture = _ml.Data.MixVlm([new(_ml.Data.LoadVlm(colors.Path("a.jsonl"))), new(_ml.Data.LoadVlm(colors.Path("b.jsonl"))) { Fraction = 0.5 }]);
        Assert.Equal(9, mixture.GetRowCount());
        Assert.Equal(["Prompt", "Label", "Image", "prompt", "completion"], mixture.Schema.Select(column => column.Name));
        using DataViewRowCursor cursor = mixture.GetRowCursor([mixture.Schema["Image"]]);
        ValueGetter<ImageSequence> image = cursor.GetGetter<ImageSequence>(mixture.Schema["Image"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(mixture.Schema["Prompt"]));
        int images = 0;
        for (ImageSequence sequence = null!; cursor.MoveNext(); images += sequence.Count)
        {
            image(ref sequence);
        }
        Assert.Equal(6, images);
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(mixture);
        Assert.Equal(9, model.Answers(_ml, mixture).Length);
    }

    [Fact]
    public void Mixtures_that_make_no_sense_are_refused()
    {
        IDataView data = Data("a", 3);
        Assert.Throws<ArgumentException>(() => _ml.Data.MixVlm([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Data.MixVlm([new(data) { Fraction = 0 }]));
        Assert.Throws<ArgumentException>(() => _ml.Data.MixVlm([new(data) { Weight = 1 }, new(data)]));
        Assert.Throws<ArgumentException>(() => _ml.Data.MixVlm([new(data) { Weight = 1, Fraction = 1 }]));
        Assert.Contains("no text column in common", Assert.Throws<ArgumentException>(
            () => _ml.Data.MixVlm([new(data), new(_ml.Data.LoadFromEnumerable(new[] { new Other() }))])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_subset_is_about_as_likely()
    {
        int[] taken = new int[10];
        for (int seed = 0; seed < 2000; seed++)
        {
            foreach ((int row, bool isTaken) in new MixturePlan([10], [3], seed).Rowwise(0).Index())
            {
                taken[row] += isTaken ? 1 : 0;
            }
        }
        Assert.Equal(6000, taken.Sum());
        Assert.All(taken, count => Assert.InRange(count, 500, 700));
    }

    private IDataView Data(string name, int count) => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(row => new Row { Prompt = $"{name}{row:00}" }).ToArray());

    private string[] Rows(IDataView data) => [.. _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Select(row => row.Prompt)];

    private sealed class Row
    {
        public string Prompt { get; set; } = "";
    }

    private sealed class Other
    {
        public string Else { get; set; } = "";
    }
}
