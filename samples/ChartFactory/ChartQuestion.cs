namespace ChartFactory;

/// <summary>A question about a chart, its right answer and a wrong one of the same kind.</summary>
/// <param name="Query">The question.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="Wrong">Another number, or another item of the same chart.</param>
public sealed record ChartQuestion(string Query, string Answer, string Wrong)
{
    /// <summary>One question of each of the five kinds: count, largest, smallest, value, larger of two.</summary>
    public static ChartQuestion[] AskAll(Chart chart, SeededRandom random)
    {
        ChartItem[] items = random.Shuffle(chart.Items);
        ChartItem asked = items[random.Between(0, items.Length - 1)];
        ChartItem other = items.First(item => item.Name != asked.Name);
        bool isFirstLarger = items[0].Value > items[1].Value;
        return
        [
            // One more or one less, which is what a glance gets wrong.
            new($"how many {chart.ItemsName} are there ?", $"{chart.Items.Count}", $"{chart.Items.Count + (chart.Items.Count % 2 == 0 ? -1 : 1)}"),
            new($"which is the largest of the {chart.ItemsName} ?", chart.Largest.Name, chart.Smallest.Name),
            new($"which is the smallest of the {chart.ItemsName} ?", chart.Smallest.Name, chart.Largest.Name),
            new($"what is the value of {asked.Name} ?", chart.Say(asked), chart.Say(other)),
            new($"which is the larger of {items[0].Name} and {items[1].Name} ?", items[isFirstLarger ? 0 : 1].Name, items[isFirstLarger ? 1 : 0].Name),
        ];
    }
}
