namespace ChartFactory;

/// <summary>A way to draw numbers.</summary>
public enum ChartKind
{
    /// <summary>Upright bars.</summary>
    Bar,

    /// <summary>A line through colored points.</summary>
    Line,

    /// <summary>Slices of a disc, clockwise from the top.</summary>
    Pie,
}
