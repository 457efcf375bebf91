using System.Text.Json;

namespace Vlm.Bench;

/// <summary>Writes measures, each as one line of JSON that begins with its name.</summary>
/// <param name="output">Gets the lines.</param>
internal sealed class MeasureWriter(TextWriter output)
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one measure; the highest resident memory and the load of the machine are added.</summary>
    /// <param name="measure">Its name, that of the subcommand.</param>
    /// <param name="fields">Its fields in order.</param>
    public void Write(string measure, IEnumerable<KeyValuePair<string, object?>> fields)
    {
        Dictionary<string, object?> record = new() { ["measure"] = measure };
        foreach ((string name, object? value) in fields)
        {
            record[name] = value;
        }
        record["versions"] = new Dictionary<string, string>
        {
            ["dotnet"] = Environment.Version.ToString(),
            ["vlm"] = typeof(Microsoft.ML.VlmCatalogExtensions).Assembly.GetName().Version!.ToString(3),
            ["torchsharp"] = typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3),
        };
        record["rss_peak_mib"] = Math.Round(ProcessFacts.PeakResidentMiB, 1);
        record["load1"] = ProcessFacts.LoadAverage;
        output.WriteLine(JsonSerializer.Serialize(record, s_json));
        output.Flush();
    }
}
