using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Arrays;
using Apache.Arrow.Types;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Values out of Apache Arrow's columns; they are copied, so that the column may go.</summary>
internal static class ArrowValues
{
    private const long TicksPerSecond = TimeSpan.TicksPerSecond;

    /// <summary>A value.</summary>
    /// <param name="array">The column.</param>
    /// <param name="index">From 0.</param>
    public static object? Read(IArrowArray array, int index)
    {
        if (array.IsNull(index))
        {
            return null;
        }
        return array switch
        {
            BooleanArray values => values.GetValue(index),
            Int8Array values => (long)values.GetValue(index)!.Value,
            Int16Array values => (long)values.GetValue(index)!.Value,
            Int32Array values => (long)values.GetValue(index)!.Value,
            Int64Array values => values.GetValue(index)!.Value,
            UInt8Array values => (long)values.GetValue(index)!.Value,
            UInt16Array values => (long)values.GetValue(index)!.Value,
            UInt32Array values => (long)values.GetValue(index)!.Value,
            UInt64Array values => values.GetValue(index)!.Value is var value && value <= long.MaxValue ? (long)value : value,
            HalfFloatArray values => (double)values.GetValue(index)!.Value,
            FloatArray values => values.GetValue(index)!.Value,
            DoubleArray values => values.GetValue(index)!.Value,
            StringArray values => values.GetString(index),
            LargeStringArray values => values.GetString(index),
            StringViewArray values => values.GetString(index),
            FixedSizeBinaryArray values when IsDecimal(values) => Decimal(values, index),
            FixedSizeBinaryArray values => values.GetBytes(index).ToArray(),
            BinaryArray values => values.GetBytes(index).ToArray(),
            LargeBinaryArray values => values.GetBytes(index).ToArray(),
            BinaryViewArray values => values.GetBytes(index).ToArray(),
            TimestampArray values => Timestamp(values.GetValue(index)!.Value, ((TimestampType)values.Data.DataType).Unit),
            Date32Array values => Date(values.GetValue(index)!.Value),
            Date64Array values => Date(values.GetValue(index)!.Value / 86_400_000),
            Time32Array values => TimeOfDay(values.GetValue(index)!.Value, ((Time32Type)values.Data.DataType).Unit),
            Time64Array values => TimeOfDay(values.GetValue(index)!.Value, ((Time64Type)values.Data.DataType).Unit),
            DictionaryArray values => Read(values.Dictionary, checked((int)Convert.ToInt64(Read(values.Indices, index), CultureInfo.InvariantCulture))),
            MapArray values => Entries(values.KeyValues, values.ValueOffsets[index], values.ValueOffsets[index + 1]),
            ListArray values => Entries(values.Values, values.ValueOffsets[index], values.ValueOffsets[index + 1]),
            LargeListArray values => Entries(values.Values, checked((int)values.ValueOffsets[index]), checked((int)values.ValueOffsets[index + 1])),
            FixedSizeListArray values => Entries(values.Values, FixedStart(values, index), FixedStart(values, index + 1)),
            StructArray values => Record(values, index),
            _ => throw new NotSupportedException($"Values of the type {array.Data.DataType.Name} are not read."),
        };
    }

    private static int FixedStart(FixedSizeListArray values, int index) => checked((values.Data.Offset + index) * ((FixedSizeListType)values.Data.DataType).ListSize);

    private static List<object?> Entries(IArrowArray values, int start, int end)
    {
        List<object?> entries = new(Math.Max(0, end - start));
        for (int entry = start; entry < end; entry++)
        {
            entries.Add(Read(values, entry));
        }
        return entries;
    }

    private static DataRecord Record(StructArray values, int index)
    {
        DataRecord record = [];
        var type = (StructType)values.Data.DataType;
        for (int field = 0; field < type.Fields.Count; field++)
        {
            record[type.Fields[field].Name] = Read(values.Fields[field], index);
        }
        return record;
    }

    private static bool IsDecimal(FixedSizeBinaryArray values) => values is Decimal32Array or Decimal64Array or Decimal128Array or Decimal256Array;

    private static string? Decimal(FixedSizeBinaryArray values, int index) => values switch
    {
        Decimal128Array array => array.GetString(index),
        Decimal256Array array => array.GetString(index),
        Decimal64Array array => array.GetString(index),
        _ => ((Decimal32Array)values).GetString(index),
    };

    private static string Date(long days) => DateTime.UnixEpoch.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string TimeOfDay(long value, TimeUnit unit)
    {
        (long seconds, long fraction, int digits) = Split(value, unit);
        return new TimeSpan(seconds * TicksPerSecond).ToString("hh\\:mm\\:ss", CultureInfo.InvariantCulture) + Fraction(fraction, digits);
    }

    private static string Timestamp(long value, TimeUnit unit)
    {
        (long seconds, long fraction, int digits) = Split(value, unit);
        return DateTime.UnixEpoch.AddSeconds(seconds).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + Fraction(fraction, digits);
    }

    private static (long Seconds, long Fraction, int Digits) Split(long value, TimeUnit unit)
    {
        (long parts, int digits) = unit switch
        {
            TimeUnit.Second => (1L, 0),
            TimeUnit.Millisecond => (1_000L, 3),
            TimeUnit.Microsecond => (1_000_000L, 6),
            _ => (1_000_000_000L, 9),
        };
        long seconds = Math.DivRem(value, parts, out long fraction);
        return fraction < 0 ? (seconds - 1, fraction + parts, digits) : (seconds, fraction, digits);
    }

    private static string Fraction(long fraction, int digits)
    {
        if (fraction == 0)
        {
            return "";
        }
        string text = fraction.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
        return "." + (text.EndsWith("000", StringComparison.Ordinal) && digits > 6 ? text[..6] : text);
    }
}
