namespace ChartFactory;

/// <summary>A bar, point or slice.</summary>
/// <param name="Name">Its color's name.</param>
/// <param name="Value">1 to 9; for a slice the tenths of the disc.</param>
/// <param name="Color">As drawn.</param>
/// <param name="Center">Pixels from the left to its middle; unused for slices.</param>
/// <param name="Width">Width of a bar in pixels; unused otherwise.</param>
public sealed record ChartItem(string Name, int Value, ChartColor Color, int Center, int Width);
