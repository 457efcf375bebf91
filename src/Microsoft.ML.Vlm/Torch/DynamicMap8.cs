using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// The 256 values of dynamic tree quantization to 8 bits (Dettmers et al. 2022): seven decades below 1, each with twice as many values as the one below,
/// and 0 and 1. The same numbers, bit for bit, as bitsandbytes' <c>create_dynamic_map</c>.
/// </summary>
internal sealed class DynamicMap8
{
    /// <summary>Number of values.</summary>
    public const int Count = 256;

    private const int Decades = 7;
    private const int CellShift = 16;

    private readonly float[] _values;
    private readonly float[] _thresholds;
    private readonly byte[] _firstOfCell;

    private DynamicMap8(bool isSigned)
    {
        _values = CreateValues(isSigned);
        _thresholds = [.. Enumerable.Range(0, Count - 1).Select(code => RoundDown(((double)_values[code] + _values[code + 1]) / 2)), float.PositiveInfinity];
        _firstOfCell = CreateCells(_thresholds);
    }

    /// <summary>Values from -0.993 to 1; for first moments.</summary>
    public static DynamicMap8 Signed { get; } = new(isSigned: true);

    /// <summary>Values from 0 to 1; for second moments.</summary>
    public static DynamicMap8 Unsigned { get; } = new(isSigned: false);

    /// <summary>The values by code, ascending.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>A number belongs to the code that has as many of these below the number: the middles between neighbours, and infinity at the end.</summary>
    public ReadOnlySpan<float> Thresholds => _thresholds;

    /// <summary>The code whose value is nearest; of two that are equally near the lower one.</summary>
    /// <param name="value">-1 to 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Nearest(float value)
    {
        // The upper half of a float's bits names a cell so narrow that at most one threshold lies in it.
        int first = _firstOfCell[BitConverter.SingleToUInt32Bits(value) >> CellShift];
        return (byte)(first + (value > _thresholds[first] ? 1 : 0));
    }

    private static float[] CreateValues(bool isSigned)
    {
        List<float> values = [0, 1];
        for (int decade = 0; decade < Decades; decade++)
        {
            int count = 1 << (isSigned ? decade : decade + 1);
            float scale = (float)Math.Pow(10, decade - Decades + 1);
            for (int index = 0; index < count; index++)
            {
                float value = scale * ((Border(index, count) + Border(index + 1, count)) / 2);
                values.Add(value);
                if (isSigned)
                {
                    values.Add(-value);
                }
            }
        }
        return [.. values.Order()];
    }

    // torch.linspace(0.1, 1, count + 1), which goes up from the start in its first half and down from the end in its second.
    private static float Border(int index, int count)
    {
        float step = (1 - 0.1f) / count;
        return index < (count + 1) / 2 ? MathF.FusedMultiplyAdd(step, index, 0.1f) : MathF.FusedMultiplyAdd(-step, count - index, 1);
    }

    private static float RoundDown(double value)
    {
        float rounded = (float)value;
        return rounded > value ? MathF.BitDecrement(rounded) : rounded;
    }

    private static byte[] CreateCells(float[] thresholds)
    {
        byte[] cells = new byte[1 << (32 - CellShift)];
        for (uint cell = 0; cell < cells.Length; cell++)
        {
            // The lowest number of a cell: that of the greatest magnitude for negative ones.
            uint bits = cell << CellShift;
            float lowest = BitConverter.UInt32BitsToSingle(cell >= cells.Length / 2 ? bits | ((1u << CellShift) - 1) : bits);
            cells[cell] = (byte)thresholds.Count(threshold => threshold < lowest);
        }
        return cells;
    }
}
