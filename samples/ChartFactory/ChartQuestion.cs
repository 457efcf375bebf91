namespace ChartFactory;

/// <summary>A question about a chart and its right answer.</summary>
public sealed record ChartQuestion(string Query, string Answer)
{
    /// <summary>One question of each of the five kinds: count, largest, smallest, value, larger of two.</summary>
    public static ChartQuestion[] AskAll(Chart chart, SeededRandom random)
    {
        ChartItem[] items = random.Shuffle(chart.Items);
        ChartItem asked = items[random.Between(0, items.Length - 1)];
        return
        [
            new($"how many {chart.ItemsName} are there ?", $"{chart.Items.Count}"),
            new($"which is the largest of the {chart.ItemsName} ?", chart.Largest.Name),
            new($"which is the smallest of the {chart.ItemsName} ?", chart.Smallest.Name),
            new($"what is the value of {asked.Name} ?", chart.Say(asked)),
            new($"which is the larger of {items[0].Name} and {items[1].Name} ?", (items[0].Value > items[1].Value ? items[0] : items[1]).Name),
        ];
    }
}
