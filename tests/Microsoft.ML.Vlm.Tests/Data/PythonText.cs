using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

/// <summary>Rows as the JSON that the reference hashed: Python's, keys sorted, no spaces, ASCII; bytes as length and hash.</summary>
internal static class PythonText
{
    private const int ShortBytes = 64;

    public static string Json(object? value, DataType type)
    {
        StringBuilder text = new();
        Write(text, value, type);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object? value, DataType type)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case float number:
                Write(text, (double)number, type);
                break;
            case double number:
                text.Append(double.IsFinite(number) ? Number(number) : $"{{\"$float\":\"{(double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf")}\"}}");
                break;
            case string stamp when type.Kind == DataKind.Stamp:
                text.Append("{\"$str\":").Append(Quoted(stamp)).Append('}');
                break;
            case string word:
                text.Append(Quoted(word));
                break;
            case byte[] bytes:
                text.Append(bytes.Length <= ShortBytes ? $"{{\"$b64\":\"{Convert.ToBase64String(bytes)}\"," : "{")
                    .Append(CultureInfo.InvariantCulture, $"\"$bytes_len\":{bytes.Length},\"$sha256\":\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\"}}");
                break;
            case DataRecord record when type.Kind == DataKind.Map:
                Sequence(text, record.Values.Zip(type.Fields, (entry, field) => (entry, field.Type)));
                break;
            case DataRecord record:
                text.Append('{');
                foreach ((int index, (string name, object? field)) in record.OrderBy(pair => pair.Key, StringComparer.Ordinal).Index())
                {
                    text.Append(index > 0 ? "," : "").Append(Quoted(name)).Append(':');
                    Write(text, field, type.Find(name)!);
                }
                text.Append('}');
                break;
            case List<object?> list:
                Sequence(text, list.Select(entry => (entry, type.Kind == DataKind.Map ? type : type.Element!)));
                break;
            default:
                text.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
        }
    }

    private static void Sequence(StringBuilder text, IEnumerable<(object? Value, DataType Type)> entries)
    {
        text.Append('[');
        foreach ((int index, (object? value, DataType type)) in entries.Index())
        {
            text.Append(index > 0 ? "," : "");
            Write(text, value, type);
        }
        text.Append(']');
    }

    private static string Quoted(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (char letter in text)
        {
            quoted.Append(letter switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' or > '~' => $"\\u{(int)letter:x4}",
                _ => letter.ToString(),
            });
        }
        return quoted.Append('"').ToString();
    }

    // The shortest digits that give the number again, as in .NET; Python writes exponents from 16 on and below -4.
    private static string Number(double number)
    {
        string[] parts = number.ToString("E16", CultureInfo.InvariantCulture).Split('E');
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        if (number == 0 || (exponent is >= -4 and < 16 && !shortest.Contains('E', StringComparison.Ordinal)))
        {
            return shortest.Contains('.', StringComparison.Ordinal) ? shortest : shortest + ".0";
        }
        string digits = shortest.Split('E')[0].Replace(".", "", StringComparison.Ordinal).TrimStart('-');
        string sign = number < 0 ? "-" : "";
        return exponent is >= -4 and < 16
            ? sign + digits.PadRight(exponent + 1, '0') + ".0"
            : $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent):00}";
    }
}
