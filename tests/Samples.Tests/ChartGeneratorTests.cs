using System.Security.Cryptography;
using ChartFactory;

namespace Samples.Tests;

public sealed class ChartGeneratorTests
{
    private const int Charts = 300;

    [Fact]
    public void Answers_are_right_for_what_is_drawn()
    {
        var random = new SeededRandom(seed: 5);
        foreach (Chart chart in Draw(random))
        {
            Dictionary<string, double> seen = Measure(chart);
            ChartQuestion[] questions = ChartQuestion.AskAll(chart, random);
            Assert.Equal($"{seen.Count}", questions[0].Answer);
            Assert.Equal(seen.MaxBy(item => item.Value).Key, questions[1].Answer);
            Assert.Equal(seen.MinBy(item => item.Value).Key, questions[2].Answer);

            Assert.All(questions, question => Assert.NotEqual(question.Answer, question.Wrong));

            string asked = questions[3].Query.Split(' ')[^2];
            double unit = chart.Kind == ChartKind.Pie ? 10 : 1;
            Assert.Equal(seen[asked] * unit, double.Parse(questions[3].Answer), tolerance: 0.15 * unit);

            string[] pair = [.. questions[4].Query.Split(' ').Where(seen.ContainsKey)];
            Assert.Equal(pair.MaxBy(name => seen[name]), questions[4].Answer);
        }
    }

    [Fact]
    public void Captions_say_what_is_drawn_in_another_order_each_time()
    {
        var random = new SeededRandom(seed: 6);
        HashSet<string> firstFacts = [];
        foreach (Chart chart in Draw(random))
        {
            string[] facts = ChartCaptions.Write(chart, random).Split(" .", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(8, facts.Length);
            Assert.Equal($"{chart.KindName} chart", facts[0]);
            Assert.Contains($"there are {chart.Items.Count} {chart.ItemsName}", facts);
            Assert.Contains($"largest {chart.Largest.Name}", facts);
            Assert.Contains($"smallest {chart.Smallest.Name}", facts);
            Assert.All(facts.Where(fact => fact.StartsWith("value of ", StringComparison.Ordinal)), fact =>
            {
                string[] words = fact.Split(' ');
                Assert.Equal(chart.Say(chart.Items.Single(item => item.Name == words[2])), words[3]);
            });
            firstFacts.Add(facts[1].Split(' ')[0]);
        }
        Assert.True(firstFacts.Count >= 6, $"Captions begin with {string.Join(", ", firstFacts)} only.");
    }

    [Fact]
    public void Half_of_the_charts_are_bars_and_half_of_those_show_their_values()
    {
        Chart[] charts = [.. Draw(new SeededRandom(seed: 7))];
        Chart[] bars = [.. charts.Where(chart => chart.Kind == ChartKind.Bar)];
        Assert.InRange((double)bars.Length / Charts, 0.4, 0.6);
        Assert.InRange((double)bars.Count(chart => chart.ShowsValues) / bars.Length, 0.35, 0.65);
        Assert.InRange((double)charts.Count(chart => chart.Kind == ChartKind.Pie) / Charts, 0.15, 0.35);
        Assert.All(charts, chart => Assert.Equal(chart.Items.Count, chart.Items.Select(item => item.Value).Distinct().Count()));
    }

    [Fact]
    public void The_same_seed_draws_the_same_bytes_on_every_machine()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Chart chart in Draw(new SeededRandom(seed: 1)))
        {
            hash.AppendData(ChartPainter.Paint(chart));
        }
        Assert.Equal("9C780FF99B9EFBA7", Convert.ToHexString(hash.GetCurrentHash())[..16]);
    }

    [Fact]
    public void Streams_of_one_seed_draw_different_charts()
    {
        HashSet<string> training = [.. Draw(new SeededRandom(seed: 1, stream: 1)).Select(Fingerprint)];
        Assert.DoesNotContain(Draw(new SeededRandom(seed: 1, stream: 2)), chart => training.Contains(Fingerprint(chart)));
    }

    [Fact]
    public void Digits_differ_from_each_other()
    {
        string[] digits = [.. Enumerable.Range(0, 10).Select(digit =>
        {
            var canvas = new Canvas(DigitGlyphs.Width, DigitGlyphs.Height);
            DigitGlyphs.Draw(canvas, digit, 0, 0, default);
            return Convert.ToHexString(canvas.Samples);
        })];
        Assert.Equal(10, digits.Distinct().Count());
    }

    private static IEnumerable<Chart> Draw(SeededRandom random)
    {
        var generator = new ChartGenerator(random);
        return Enumerable.Range(0, Charts).Select(_ => generator.Next());
    }

    private static string Fingerprint(Chart chart) => Convert.ToHexString(SHA256.HashData(ChartPainter.Paint(chart)));

    // Values by color as a reader sees them: height of the colored column above the baseline, or share of the disc in tenths.
    private static Dictionary<string, double> Measure(Chart chart)
    {
        byte[] picture = ChartPainter.Paint(chart);
        Dictionary<string, double> seen = [];
        foreach (ChartItem item in chart.Items)
        {
            int[] rows = [.. Enumerable.Range(0, Chart.Size * Chart.Size)
                .Where(pixel => picture.AsSpan(pixel * 3, 3).SequenceEqual((ReadOnlySpan<byte>)[item.Color.Red, item.Color.Green, item.Color.Blue]))
                .Select(pixel => pixel / Chart.Size)];
            seen[item.Name] = chart.Kind switch
            {
                ChartKind.Bar => (ChartPainter.Baseline - rows.Min()) / (double)ChartPainter.Unit,
                ChartKind.Line => (ChartPainter.Baseline - ((rows.Min() + rows.Max()) / 2.0)) / ChartPainter.Unit,
                _ => rows.Length,
            };
        }
        double disc = chart.Kind == ChartKind.Pie ? seen.Values.Sum() / 10 : 1;
        return seen.ToDictionary(item => item.Key, item => item.Value / disc);
    }
}
