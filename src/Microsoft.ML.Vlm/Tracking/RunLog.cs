using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>
/// Keeps what a run reports in its folder: <c>run.jsonl</c>, one JSON object a line with a <c>kind</c> (start, metrics, answers, alert, end), and pictures of answers beside it.
/// A run that goes on appends to it. <see cref="RunHistory"/> reads it.
/// </summary>
/// <param name="folder">The run's folder.</param>
internal sealed class RunLog(string folder) : IRunTracker, IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "run.jsonl";

    /// <summary>Name of the folder with pictures.</summary>
    public const string ImageFolder = "run-images";

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private FileStream? _file;

    /// <inheritdoc/>
    public void Start(RunStart run)
    {
        Directory.CreateDirectory(folder);
        _file = new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        EndTornLine(_file);
        JsonObject line = Begin("start", run.Time);
        line["id"] = run.Id;
        line["name"] = run.Name;
        line["project"] = run.Project;
        line["resumed"] = run.IsResumed;
        line["total_steps"] = run.TotalSteps;
        line["configuration"] = ToJson(run.Configuration);
        line["summary"] = ToJson(run.Summary);
        line["environment"] = ToJson(run.Environment);
        Write(line);
        Flush();
    }

    /// <inheritdoc/>
    public void Log(RunMetrics metrics)
    {
        JsonObject line = Begin("metrics", metrics.Time);
        line["step"] = metrics.Step;
        foreach ((string name, double value) in metrics.Values.Concat(metrics.System.Select(pair => KeyValuePair.Create($"system/{pair.Key}", pair.Value))))
        {
            line[name] = value;
        }
        Write(line);
    }

    /// <inheritdoc/>
    public void Log(RunAnswers answers)
    {
        JsonObject line = Begin("answers", answers.Time);
        line["step"] = answers.Step;
        line["answers"] = new JsonArray([.. answers.Rows.Select(answer => new JsonObject
        {
            ["row"] = answer.Row,
            ["prompt"] = answer.Prompt,
            ["label"] = answer.Label,
            ["response"] = answer.Response,
            ["images"] = new JsonArray([.. answer.Images.Select(image => (JsonNode)SaveImage(image))]),
        })]);
        Write(line);
    }

    /// <inheritdoc/>
    public void Log(RunAlert alert)
    {
        JsonObject line = Begin("alert", alert.Time);
        line["step"] = alert.Step;
        line["level"] = alert.Level.ToString().ToLowerInvariant();
        line["title"] = alert.Title;
        line["text"] = alert.Text;
        Write(line);
    }

    /// <inheritdoc/>
    public void Flush() => _file?.Flush();

    /// <inheritdoc/>
    public void Finish(RunState state)
    {
        JsonObject line = Begin("end", DateTime.UtcNow);
        line["state"] = state.ToString().ToLowerInvariant();
        Write(line);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    // A run that was killed may have left half a line, which must not take the next one with it.
    private static void EndTornLine(FileStream file)
    {
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            if (file.ReadByte() != '\n')
            {
                file.WriteByte((byte)'\n');
            }
        }
    }

    private static JsonObject Begin(string kind, DateTime time) => new() { ["kind"] = kind, ["time"] = time.ToString("O", CultureInfo.InvariantCulture) };

    private static JsonObject ToJson(IReadOnlyDictionary<string, string> values) => new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    private void Write(JsonObject line) => _file!.Write(Encoding.UTF8.GetBytes(line.ToJsonString(s_json) + "\n"));

    // Each evaluation shows the same pictures: they are named by their contents and kept once.
    private string SaveImage(byte[] png)
    {
        string name = $"{Convert.ToHexStringLower(SHA256.HashData(png))[..32]}.png", path = Path.Combine(folder, ImageFolder, name);
        if (!File.Exists(path))
        {
            AtomicFile.Write(path, temporary => File.WriteAllBytes(temporary, png));
        }
        return name;
    }
}
