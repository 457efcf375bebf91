using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Values of JSON files as values of columns, and the other way round.</summary>
internal static class JsonValues
{
    private static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The value of a text, or null when it is no JSON.</summary>
    public static JsonElement? TryParse(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The type of a value.</summary>
    public static DataType TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => new(DataKind.Boolean),
        JsonValueKind.Number => new(value.TryGetInt64(out _) ? DataKind.Integer : DataKind.Real),
        JsonValueKind.String => new(DataKind.Text),
        JsonValueKind.Array => DataType.ListOf(value.EnumerateArray().Aggregate(new DataType(DataKind.Null), (type, entry) => type.Merge(TypeOf(entry)))),
        JsonValueKind.Object => new(DataKind.Struct)
        {
            Fields = [.. value.EnumerateObject().DistinctBy(property => property.Name).Select(property => new DataField(property.Name, TypeOf(property.Value)))],
        },
        _ => new(DataKind.Null),
    };

    /// <summary>The value; see <see cref="DataKind"/>.</summary>
    public static object? Read(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return value.GetBoolean();
            case JsonValueKind.Number:
                return value.TryGetInt64(out long number) ? number : (object)value.GetDouble();
            case JsonValueKind.String:
                return value.GetString();
            case JsonValueKind.Array:
                return value.EnumerateArray().Select(Read).ToList();
            case JsonValueKind.Object:
                DataRecord record = [];
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    record[property.Name] = Read(property.Value);
                }
                return record;
            default:
                return null;
        }
    }

    /// <summary>A value as JSON; fields that are null are left out, as they are where a file's form cannot leave out what is absent.</summary>
    /// <exception cref="InvalidDataException">It holds bytes, which JSON has no form for.</exception>
    public static string ToJson(object? value)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, s_plain))
        {
            Write(writer, value);
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case ulong number:
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double or float:
                writer.WriteStringValue(FormattableString.Invariant($"{value}"));
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case DataRecord record:
                writer.WriteStartObject();
                foreach ((string name, object? field) in record)
                {
                    if (field is not null)
                    {
                        writer.WritePropertyName(name);
                        Write(writer, field);
                    }
                }
                writer.WriteEndObject();
                break;
            case List<object?> list:
                writer.WriteStartArray();
                list.ForEach(entry => Write(writer, entry));
                writer.WriteEndArray();
                break;
            default:
                throw new InvalidDataException("There are bytes inside, such as an image in a turn; images are read from columns of their own.");
        }
    }
}
