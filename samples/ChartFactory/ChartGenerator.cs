namespace ChartFactory;

/// <summary>Invents charts: half of them bars, a quarter lines, a quarter pies.</summary>
public sealed class ChartGenerator(SeededRandom random)
{
    private const int Margin = 4;

    /// <summary>The next chart.</summary>
    public Chart Next()
    {
        double choice = random.Uniform();
        return choice < 0.5 ? CreateUpright(ChartKind.Bar) : choice < 0.75 ? CreateUpright(ChartKind.Line) : CreatePie();
    }

    private Chart CreateUpright(ChartKind kind)
    {
        int count = random.Between(2, 5);
        int[] values = random.Shuffle(Enumerable.Range(1, 9))[..count];
        string[] names = random.Shuffle(ChartColor.Palette.Keys)[..count];
        int slot = (Chart.Size - (2 * Margin)) / count;
        var items = new ChartItem[count];
        for (int index = 0; index < count; index++)
        {
            int width = random.Between(8, Math.Min(slot - 4, 18));
            int freedom = (slot - width - 2) / 2;
            int center = Margin + (slot * index) + (slot / 2) + random.Between(-freedom, freedom);
            items[index] = new ChartItem(names[index], values[index], ChartColor.Palette[names[index]].Jitter(random), center, width);
        }
        return new Chart(kind, items, ShowsValues: random.Chance(0.5));
    }

    private Chart CreatePie()
    {
        int[] values = random.Shuffle(Tenths(random.Between(2, 4)));
        string[] names = random.Shuffle(ChartColor.Palette.Keys)[..values.Length];
        ChartItem[] items = [.. names.Select((name, index) => new ChartItem(name, values[index], ChartColor.Palette[name].Jitter(random), 0, 0))];
        return new Chart(ChartKind.Pie, items, ShowsValues: false);
    }

    // Different whole numbers that add up to ten; four of them can only be 1, 2, 3 and 4.
    private int[] Tenths(int count)
    {
        while (true)
        {
            int[] values = random.Shuffle(Enumerable.Range(1, 9))[..count];
            if (values.Sum() == 10)
            {
                return values;
            }
        }
    }
}
