namespace ChartFactory;

/// <summary>A color, red-green-blue of 0 to 255.</summary>
public readonly record struct ChartColor(byte Red, byte Green, byte Blue)
{
    private const double Deviation = 8;

    /// <summary>The colors an item can have. An item's color is its name, so no text has to be drawn.</summary>
    public static IReadOnlyDictionary<string, ChartColor> Palette { get; } = new Dictionary<string, ChartColor>
    {
        ["red"] = new(214, 39, 40),
        ["orange"] = new(255, 140, 20),
        ["yellow"] = new(240, 220, 50),
        ["green"] = new(44, 150, 50),
        ["cyan"] = new(60, 200, 215),
        ["blue"] = new(35, 80, 205),
        ["purple"] = new(130, 60, 170),
        ["pink"] = new(245, 140, 195),
    };

    /// <summary>The color with each channel moved a little.</summary>
    public ChartColor Jitter(SeededRandom random) => new(Move(Red, random), Move(Green, random), Move(Blue, random));

    private static byte Move(byte channel, SeededRandom random) => (byte)Math.Clamp(Math.Round(channel + (Deviation * random.Normal())), 0, 255);
}
