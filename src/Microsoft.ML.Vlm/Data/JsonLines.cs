using System.Text;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Reads JSON objects one by one, so that a file of any length takes the memory of one row.</summary>
internal static class JsonLines
{
    /// <summary>Most characters of a line; a longer one is taken for a damaged file.</summary>
    public const int MaxLineLength = 1 << 28;

    /// <summary>Whether the first character that is no white space opens an array.</summary>
    public static bool StartsWithBracket(Stream stream)
    {
        using StreamReader reader = new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        int next = reader.Read();
        while (next >= 0 && char.IsWhiteSpace((char)next))
        {
            next = reader.Read();
        }
        return next == '[';
    }

    /// <summary>An object a line; empty lines are passed over.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">A line is no JSON object, or too long; names file and line.</exception>
    public static IEnumerable<(JsonElement Row, string Place)> ReadLines(DataFile file)
    {
        using Stream stream = file.Open();
        using StreamReader reader = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        int number = 0;
        while (NextLine(reader, file.Name, number + 1) is { } line)
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                string place = $"{file.Name}, line {number}";
                yield return (Parse(line, place), place);
            }
        }
    }

    /// <summary>The objects of one array.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">The file is no array of objects; says where.</exception>
    public static IEnumerable<(JsonElement Row, string Place)> ReadArray(DataFile file)
    {
        using Stream stream = file.Open();
        IAsyncEnumerator<JsonElement> rows = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream).GetAsyncEnumerator();
        try
        {
            for (int number = 0; Next(rows, file.Name, number); number++)
            {
                string place = $"{file.Name}, row {number}";
                yield return (Checked(rows.Current, place), place);
            }
        }
        finally
        {
            rows.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static bool Next(IAsyncEnumerator<JsonElement> rows, string name, int number)
    {
        try
        {
            return rows.MoveNextAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{name}, behind row {number - 1}: not JSON: {error.Message}", error);
        }
    }

    private static JsonElement Parse(string line, string place)
    {
        try
        {
            return Checked(JsonSerializer.Deserialize<JsonElement>(line), place);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{place}: not JSON: {error.Message}", error);
        }
    }

    private static JsonElement Checked(JsonElement row, string place) => row.ValueKind == JsonValueKind.Object
        ? row : throw new InvalidDataException($"{place}: a row is an object with a key for each column, such as {{\"image\": \"1.png\", \"prompt\": \"...\", \"completion\": \"...\"}}; this is {row.ValueKind}.");

    private static string? NextLine(StreamReader reader, string name, int number)
    {
        try
        {
            StringBuilder? line = null;
            for (int next = reader.Read(); next >= 0; next = reader.Read())
            {
                line ??= new StringBuilder();
                if (next == '\n')
                {
                    return line.ToString();
                }
                line.Append((char)next);
                if (line.Length > MaxLineLength)
                {
                    throw new InvalidDataException($"{name}, line {number} has more than {MaxLineLength:N0} characters.");
                }
            }
            return line?.ToString();
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{name}, line {number}: not UTF-8 text: {error.Message}", error);
        }
    }
}
