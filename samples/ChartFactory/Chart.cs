namespace ChartFactory;

/// <summary>Everything that is drawn and can be asked about.</summary>
/// <param name="Kind">How it is drawn.</param>
/// <param name="Items">From left to right, or clockwise from the top; no two have the same color or value.</param>
/// <param name="ShowsValues">Whether the digit stands above each item.</param>
public sealed record Chart(ChartKind Kind, IReadOnlyList<ChartItem> Items, bool ShowsValues)
{
    /// <summary>Pixels of the picture's side.</summary>
    public const int Size = 96;

    /// <summary>The chart's name in captions: <c>bar</c>, <c>line</c> or <c>pie</c>.</summary>
    public string KindName => Kind switch { ChartKind.Bar => "bar", ChartKind.Line => "line", _ => "pie" };

    /// <summary>What its items are called.</summary>
    public string ItemsName => Kind switch { ChartKind.Bar => "bars", ChartKind.Line => "points", _ => "slices" };

    /// <summary>The item with the largest value.</summary>
    public ChartItem Largest => Items.MaxBy(item => item.Value)!;

    /// <summary>The item with the smallest value.</summary>
    public ChartItem Smallest => Items.MinBy(item => item.Value)!;

    /// <summary>The value as it is said: slices in percent, others as they are.</summary>
    public string Say(ChartItem item) => Kind == ChartKind.Pie ? $"{item.Value}0" : $"{item.Value}";
}
