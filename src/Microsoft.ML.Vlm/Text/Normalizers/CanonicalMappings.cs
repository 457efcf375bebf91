using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Canonical decomposition, composition and combining classes of Unicode (UAX #15), from the table <c>canonical-mappings.txt</c>.</summary>
/// <remarks>
/// <see cref="string.Normalize()"/> is no choice: with the setting InvariantGlobalization, usual in containers, it returns its input unchanged without a word,
/// and otherwise its result depends on the ICU of the machine.
/// </remarks>
internal static class CanonicalMappings
{
    private const int HangulBase = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadBase = 0x1100;
    private const int LeadCount = 19;
    private const int VowelBase = 0x1161;
    private const int VowelCount = 21;
    private const int TailBase = 0x11A7;
    private const int TailCount = 28;

    private static readonly Dictionary<int, int[]> s_decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> s_compositions = [];
    private static readonly Dictionary<int, byte> s_classes = [];

    static CanonicalMappings()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("canonical-mappings.txt")!;
        using StreamReader reader = new(stream);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                Add(line);
            }
        }
    }

    /// <summary>The combining class of a code point: 0 for what does not move.</summary>
    public static byte ClassOf(int codePoint) => s_classes.GetValueOrDefault(codePoint);

    /// <summary>Appends the full canonical decomposition of a code point: itself, if it has none.</summary>
    public static void Decompose(int codePoint, List<int> output)
    {
        int syllable = codePoint - HangulBase;
        if (syllable is >= 0 and < HangulCount)
        {
            output.Add(LeadBase + (syllable / (VowelCount * TailCount)));
            output.Add(VowelBase + (syllable / TailCount % VowelCount));
            if (syllable % TailCount != 0)
            {
                output.Add(TailBase + (syllable % TailCount));
            }
        }
        else if (s_decompositions.TryGetValue(codePoint, out int[]? parts))
        {
            foreach (int part in parts)
            {
                Decompose(part, output);
            }
        }
        else
        {
            output.Add(codePoint);
        }
    }

    /// <summary>The code point that two others compose to, or -1.</summary>
    public static int Compose(int first, int second)
    {
        int lead = first - LeadBase;
        int vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return HangulBase + (((lead * VowelCount) + vowel) * TailCount);
        }
        int syllable = first - HangulBase;
        int tail = second - TailBase;
        if (syllable is >= 0 and < HangulCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
        {
            return first + tail;
        }
        return s_compositions.TryGetValue((first, second), out int composed) ? composed : -1;
    }

    private static void Add(string line)
    {
        int mark = line.AsSpan().IndexOfAny("=!:");
        string[] left = line[..mark].Split('-');
        if (line[mark] == ':')
        {
            byte combiningClass = byte.Parse(line.AsSpan(mark + 1), CultureInfo.InvariantCulture);
            for (int codePoint = Hex(left[0]); codePoint <= Hex(left[^1]); codePoint++)
            {
                s_classes.Add(codePoint, combiningClass);
            }
            return;
        }
        int composed = Hex(left[0]);
        int[] parts = [.. line[(mark + 1)..].Split(' ').Select(Hex)];
        s_decompositions.Add(composed, parts);
        if (line[mark] == '=')
        {
            s_compositions.Add((parts[0], parts[1]), composed);
        }
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
