using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>An evaluation as JSON.</summary>
internal static class EvaluationJson
{
    private const int Version = 1;

    /// <summary>The text, indented, with a line break at its end.</summary>
    public static string Write(VlmEvaluationReport report)
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("task", report.Task);
            Number(json, "confidence_level", report.ConfidenceLevel);
            json.WriteString("prompt_suffix", report.PromptSuffix);
            WriteGeneration(json, report.Generation);
            WriteDependence(json, report.ImageDependence);
            json.WriteStartArray("metrics");
            foreach (VlmMetricResult metric in report.Metrics)
            {
                json.WriteStartObject();
                json.WriteString("name", metric.Name);
                WriteScore(json, metric.Score);
                json.WriteStartObject("groups");
                foreach ((string group, VlmScore score) in metric.Groups)
                {
                    json.WriteStartObject(group);
                    WriteScore(json, score);
                    json.WriteEndObject();
                }
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("rows");
            foreach (VlmScoredRow row in report.Rows)
            {
                WriteRow(json, row);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan) + "\n";
    }

    private static void WriteGeneration(Utf8JsonWriter json, GenerationOptions? generation)
    {
        if (generation is null)
        {
            json.WriteNull("generation");
            return;
        }
        json.WriteStartObject("generation");
        json.WriteNumber("max_new_tokens", generation.MaxNewTokens);
        Number(json, "temperature", generation.Temperature);
        json.WriteNumber("top_k", generation.TopK);
        Number(json, "top_p", generation.TopP);
        Number(json, "repetition_penalty", generation.RepetitionPenalty);
        Texts(json, "stop_strings", generation.StopSequences);
        json.WriteEndObject();
    }

    private static void WriteDependence(Utf8JsonWriter json, VlmImageDependence? dependence)
    {
        if (dependence is null)
        {
            json.WriteNull("image_dependence");
            return;
        }
        json.WriteStartObject("image_dependence");
        json.WriteNumber("rows", dependence.RowCount);
        Number(json, "loss", dependence.Loss);
        Number(json, "blank_loss", dependence.BlankLoss);
        Number(json, "shuffled_loss", dependence.ShuffledLoss ?? double.NaN);
        json.WriteEndObject();
    }

    private static void WriteScore(Utf8JsonWriter json, VlmScore score)
    {
        Number(json, "mean", score.Mean);
        Number(json, "low", score.Low);
        Number(json, "high", score.High);
        json.WriteNumber("count", score.Count);
    }

    private static void WriteRow(Utf8JsonWriter json, VlmScoredRow row)
    {
        json.WriteStartObject();
        json.WriteNumber("row", row.Answer.Row);
        json.WriteString("question", row.Answer.Question);
        Texts(json, "references", row.Answer.References);
        Texts(json, "choices", row.Answer.Choices);
        json.WriteString("group", row.Answer.Group);
        json.WriteString("response", row.Answer.Response);
        json.WriteStartObject("scores");
        foreach ((string name, double score) in row.Scores)
        {
            Number(json, name, score);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }
        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
