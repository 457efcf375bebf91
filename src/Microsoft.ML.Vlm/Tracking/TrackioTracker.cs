using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>
/// Writes a run into trackio's inbox: files of JSON lines that its dashboard imports and deletes. A file is complete when it has its name, so nothing is lost or read in
/// halves, on network file systems too. A record's <c>log_id</c> follows from run, kind and step: what a resumed run does again is not counted twice.
/// </summary>
/// <param name="folder">Folder of trackio (<see cref="TrackioFolder"/>).</param>
internal sealed class TrackioTracker(string folder) : IRunTracker
{
    private const int FormatVersion = 1;
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _writer = Path.Combine(folder, "inbox", Guid.NewGuid().ToString("N")[..16]);
    private readonly List<JsonObject> _records = [];
    private RunStart? _run;
    private JsonObject? _configuration;
    private int _fragments;
    private int _alerts;

    private RunStart Run => _run ?? throw new InvalidOperationException("The run has not started.");

    /// <inheritdoc/>
    public void Start(RunStart run)
    {
        _run = run;
        _configuration = new JsonObject { ["_Created"] = Format(run.Time) };
        foreach ((string name, string value) in run.Configuration.Concat(run.Summary))
        {
            _configuration[name] = ToJson(value);
        }
    }

    /// <inheritdoc/>
    public void Log(RunMetrics metrics)
    {
        string part = metrics.Values.Keys.Any(name => name.StartsWith("eval/", StringComparison.Ordinal)) ? "eval" : "train";
        AddMetrics(part, metrics.Step, metrics.Time, ToJson(metrics.Values));
        if (metrics.System.Count > 0)
        {
            JsonObject record = Begin("system_metric", metrics.Time);
            record["metrics"] = ToJson(metrics.System);
            record["log_id"] = Identify("system", metrics.Step);
            _records.Add(record);
        }
    }

    /// <inheritdoc/>
    public void Log(RunAnswers answers)
    {
        JsonArray rows = [];
        foreach (RunAnswer answer in answers.Rows)
        {
            rows.Add(new JsonObject
            {
                ["row"] = answer.Row,
                ["image"] = new JsonArray([.. answer.Images.Select(image => SaveImage(image, answers.Step, answer.Row))]),
                ["prompt"] = answer.Prompt,
                ["response"] = answer.Response,
                ["label"] = answer.Label,
            });
        }
        AddMetrics("answers", answers.Step, answers.Time, new JsonObject { ["eval/answers"] = new JsonObject { ["_type"] = "trackio.table", ["_value"] = rows } });
    }

    /// <inheritdoc/>
    public void Log(RunAlert alert)
    {
        JsonObject record = Begin("alert", alert.Time);
        record["title"] = alert.Title;
        record["text"] = alert.Text;
        record["level"] = alert.Level switch { RunAlertLevel.Information => "info", RunAlertLevel.Warning => "warn", _ => "error" };
        record["step"] = alert.Step;
        record["alert_id"] = Identify($"alert {_alerts++} {Format(alert.Time)}", alert.Step ?? 0);
        _records.Add(record);
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (_records.Count == 0)
        {
            return;
        }
        string path = Path.Combine(_writer, $"{_fragments.ToString("D8", CultureInfo.InvariantCulture)}.jsonl");
        string text = string.Concat(_records.Select(record => record.ToJsonString(s_json) + "\n"));

        // The importer deletes a folder that it finds empty: it may be gone between two of these lines.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                AtomicFile.Write(path, temporary => File.WriteAllText(temporary, text));
                break;
            }
            catch (DirectoryNotFoundException) when (attempt < 2)
            {
            }
        }
        _fragments++;
        _records.Clear();
    }

    /// <inheritdoc/>
    public void Finish(RunState state) => Flush();

    private void AddMetrics(string part, int step, DateTime time, JsonObject metrics)
    {
        JsonObject record = Begin("metric", time);
        record["metrics"] = metrics;
        record["step"] = step;
        record["config"] = _configuration;
        record["log_id"] = Identify(part, step);
        _records.Add(record);
        _configuration = null;
    }

    private JsonObject Begin(string kind, DateTime time) => new()
    {
        ["v"] = FormatVersion,
        ["kind"] = kind,
        ["project"] = Run.Project,
        ["run"] = Run.Name,
        ["run_id"] = Run.Id,
        ["timestamp"] = Format(time),
    };

    private JsonObject SaveImage(byte[] image, int step, long row)
    {
        string file = string.Join('/', TrackioFolder.NameOf(Run.Project), Run.Name, step.ToString(CultureInfo.InvariantCulture), $"{new Guid(SHA256.HashData(image).AsSpan(0, 16))}.png");
        string path = Path.Combine(folder, "media", file);
        if (!File.Exists(path))
        {
            AtomicFile.Write(path, temporary => File.WriteAllBytes(temporary, image));
        }
        return new JsonObject { ["_type"] = "trackio.image", ["file_path"] = file, ["caption"] = $"row {row.ToString(CultureInfo.InvariantCulture)}" };
    }

    private string Identify(string part, int step)
        => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Run.Id} {part} {step}"))).AsSpan(0, 16), bigEndian: true).ToString();

    private static string Format(DateTime time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'", CultureInfo.InvariantCulture);

    private static JsonObject ToJson(IReadOnlyDictionary<string, double> values) => new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    // Options are texts; the dashboard compares numbers as numbers.
    private static JsonNode? ToJson(string value)
        => value == "null" ? null
            : bool.TryParse(value, out bool flag) ? flag
            : long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole
            : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number
            : value;
}
