using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>JSON files of a checkpoint: snake case, as the Trainer's, and numbers that keep every bit.</summary>
internal static class CheckpointJson
{
    // The history of a long run is the largest of them: some hundred bytes a report.
    private const long MaximumBytes = 256 << 20;

    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        MaxDepth = 16,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a file of a checkpoint.</summary>
    /// <param name="folder">The folder that is being written.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="value">Its content.</param>
    public static void Write<T>(string folder, string name, T value) => File.WriteAllBytes(Path.Combine(folder, name), JsonSerializer.SerializeToUtf8Bytes(value, s_options));

    /// <summary>Reads a file of a checkpoint.</summary>
    /// <exception cref="InvalidDataException">It is missing, too long, or not of the form expected; names it.</exception>
    public static T Read<T>(string folder, string name)
    {
        FileInfo file = new(Path.Combine(folder, name));
        if (!file.Exists || file.Length > MaximumBytes)
        {
            throw new InvalidDataException(file.Exists ? $"'{file}' has {file.Length} bytes; such a file has at most {MaximumBytes}." : $"The checkpoint '{folder}' has no '{name}'.");
        }
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(file.FullName), s_options) ?? throw new InvalidDataException($"'{file}' holds nothing.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{file}' is damaged: {exception.Message}", exception);
        }
    }
}
