using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>What a run's <c>run.jsonl</c> says of the last run that it holds, with all its parts when it was resumed.</summary>
internal sealed class RunHistory
{
    private const long LongestFile = 1L << 30;
    private static readonly SearchValues<char> s_hexDigits = SearchValues.Create("0123456789abcdef");

    private readonly SortedDictionary<string, SortedDictionary<int, double>> _series = new(StringComparer.Ordinal);
    private readonly List<RunAlert> _alerts = [];
    private readonly SortedDictionary<int, IReadOnlyList<AnswerRecord>> _answers = [];

    private RunHistory()
    {
    }

    /// <summary>The last start of the run, with its identity.</summary>
    public RunStart? Start { get; private set; }

    /// <summary>How it ended; null while it goes on, or when it was killed.</summary>
    public RunState? State { get; private set; }

    /// <summary>When the first part began, in UTC.</summary>
    public DateTime FirstTime { get; private set; }

    /// <summary>When the last line was written, in UTC.</summary>
    public DateTime LastTime { get; private set; }

    /// <summary>The numbers by name; each by steps.</summary>
    public IReadOnlyDictionary<string, SortedDictionary<int, double>> Series => _series;

    /// <summary>Warnings and errors, in order.</summary>
    public IReadOnlyList<RunAlert> Alerts => _alerts;

    /// <summary>Answers by step.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<AnswerRecord>> Answers => _answers;

    /// <summary>Reads the file; lines that are damaged, as the last one of a killed run may be, are passed over.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="FileNotFoundException">The folder has no such file.</exception>
    /// <exception cref="InvalidDataException">The file is too large, or no line of it starts a run.</exception>
    public static RunHistory Read(string folder)
    {
        string path = Path.Combine(folder, RunLog.FileName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{folder}' has no {RunLog.FileName}: give the OutputDirectory of a run.", path);
        }
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length > LongestFile)
        {
            throw new InvalidDataException($"'{path}' has {file.Length} bytes; more than {LongestFile} are not read.");
        }
        RunHistory history = new();
        using StreamReader reader = new(file);
        while (reader.ReadLine() is { } line)
        {
            history.Add(line);
        }
        return history.Start is not null ? history : throw new InvalidDataException($"No line of '{path}' starts a run.");
    }

    private void Add(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement entry = document.RootElement;
            DateTime time = entry.GetProperty("time").GetDateTime().ToUniversalTime();
            string? kind = entry.GetProperty("kind").GetString();
            if (kind == "start")
            {
                Begin(ReadStart(entry, time));
            }
            else if (Start is not null)
            {
                AddTo(kind, entry, time);
            }
            LastTime = time;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // Torn or foreign lines say nothing of the run.
            return;
        }
    }

    private void Begin(RunStart start)
    {
        if (!start.IsResumed || Start is null)
        {
            _series.Clear();
            _alerts.Clear();
            _answers.Clear();
            FirstTime = start.Time;
        }
        (Start, State) = (start, null);
    }

    private void AddTo(string? kind, JsonElement entry, DateTime time)
    {
        switch (kind)
        {
            case "metrics":
                AddMetrics(entry);
                break;
            case "answers":
                _answers[entry.GetProperty("step").GetInt32()] = [.. entry.GetProperty("answers").EnumerateArray().Select(ReadAnswer)];
                break;
            case "alert":
                _alerts.Add(new RunAlert
                {
                    Level = Enum.Parse<RunAlertLevel>(Text(entry, "level"), ignoreCase: true),
                    Title = Text(entry, "title"),
                    Text = Text(entry, "text"),
                    Step = entry.TryGetProperty("step", out JsonElement step) && step.ValueKind == JsonValueKind.Number ? step.GetInt32() : null,
                    Time = time,
                });
                break;
            case "end":
                State = Enum.Parse<RunState>(Text(entry, "state"), ignoreCase: true);
                break;
            default:
                break;
        }
    }

    // What a resumed run did again replaces what it did before.
    private void AddMetrics(JsonElement entry)
    {
        int step = entry.GetProperty("step").GetInt32();
        foreach (JsonProperty property in entry.EnumerateObject())
        {
            if (property.Name.Contains('/', StringComparison.Ordinal) && property.Value.ValueKind == JsonValueKind.Number)
            {
                if (!_series.TryGetValue(property.Name, out SortedDictionary<int, double>? series))
                {
                    _series[property.Name] = series = [];
                }
                series[step] = property.Value.GetDouble();
            }
        }
    }

    private static RunStart ReadStart(JsonElement entry, DateTime time) => new()
    {
        Id = Text(entry, "id"),
        Name = Text(entry, "name"),
        Project = Text(entry, "project"),
        Time = time,
        IsResumed = entry.GetProperty("resumed").GetBoolean(),
        TotalSteps = entry.GetProperty("total_steps").GetInt32(),
        Configuration = Texts(entry, "configuration"),
        Summary = Texts(entry, "summary"),
        Environment = Texts(entry, "environment"),
    };

    private static AnswerRecord ReadAnswer(JsonElement entry) => new(
        entry.GetProperty("row").GetInt64(), Text(entry, "prompt"), entry.GetProperty("label").GetString(), Text(entry, "response"),
        [.. entry.GetProperty("images").EnumerateArray().Select(image => image.GetString() ?? "").Where(IsImageName)]);

    // The name becomes a path: nothing but what the log itself writes.
    private static bool IsImageName(string name)
        => name.EndsWith(".png", StringComparison.Ordinal) && name.Length == 36 && !name.AsSpan(0, 32).ContainsAnyExcept(s_hexDigits);

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString() ?? "";

    private static Dictionary<string, string> Texts(JsonElement entry, string name)
        => entry.GetProperty(name).EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "");

    /// <summary>An answer of a run.</summary>
    /// <param name="Row">Row in the evaluation data, counted from 0.</param>
    /// <param name="Prompt">The question.</param>
    /// <param name="Label">The right answer, or null.</param>
    /// <param name="Response">The answer.</param>
    /// <param name="Images">File names in <see cref="RunLog.ImageFolder"/>.</param>
    internal sealed record AnswerRecord(long Row, string Prompt, string? Label, string Response, IReadOnlyList<string> Images);
}
