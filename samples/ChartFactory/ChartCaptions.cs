namespace ChartFactory;

/// <summary>Says what a chart shows. Every fact that a question may ask for is said in some caption, the cue before the fact.</summary>
public static class ChartCaptions
{
    /// <summary>What the base model is asked when it has to say a caption.</summary>
    public const string Prompt = "describe";

    /// <summary>A caption; facts stand in random order, so that each has to be read from the picture rather than from the facts before.</summary>
    public static string Write(Chart chart, SeededRandom random)
    {
        ChartItem[] items = random.Shuffle(chart.Items);
        string[] facts = random.Shuffle(
        [
            $"there are {chart.Items.Count} {chart.ItemsName}",
            $"{(chart.Kind == ChartKind.Pie ? "clockwise" : "left")} {string.Join(' ', chart.Items.Select(item => $"{item.Name} {chart.Say(item)}"))}",
            $"largest {chart.Largest.Name}",
            $"smallest {chart.Smallest.Name}",
            $"value of {items[0].Name} {chart.Say(items[0])}",
            $"value of {items[1].Name} {chart.Say(items[1])}",
            Compare(items[^1], items[^2], random),
        ]);
        return $"{chart.KindName} chart . {string.Join(" . ", facts)} .";
    }

    private static string Compare(ChartItem first, ChartItem second, SeededRandom random)
        => random.Chance(0.5)
            ? $"larger of {first.Name} and {second.Name} {(first.Value > second.Value ? first : second).Name}"
            : $"{first.Name} than {second.Name} {(first.Value > second.Value ? "larger" : "smaller")}";
}
