using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed partial class TrackioTrackerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-trackio-").FullName;

    [Fact]
    public void Records_have_the_form_that_trackio_imports()
    {
        TrackioTracker tracker = new(_folder);
        tracker.Start(RunSamples.Start());
        tracker.Log(RunSamples.Metrics(10, 0.5));
        tracker.Log(RunSamples.Evaluation(10, 0.25));
        tracker.Log(RunSamples.Alert());
        tracker.Flush();
        JsonElement[] records = Read();

        // As trackio's fragments.py reads them: these keys, and no others.
        Assert.Equal(["metric", "system_metric", "metric", "alert"], records.Select(record => record.GetProperty("kind").GetString()));
        Assert.All(records, record =>
        {
            Assert.Equal(1, record.GetProperty("v").GetInt32());
            Assert.Equal("my.charts", record.GetProperty("project").GetString());
            Assert.Equal("run one", record.GetProperty("run").GetString());
            Assert.Equal("0123456789abcdef0123456789abcdef", record.GetProperty("run_id").GetString());
        });
        Assert.Equal(["v", "kind", "project", "run", "run_id", "timestamp", "metrics", "step", "config", "log_id"], Keys(records[0]));
        Assert.Equal(["v", "kind", "project", "run", "run_id", "timestamp", "metrics", "log_id"], Keys(records[1]));
        Assert.Equal(["v", "kind", "project", "run", "run_id", "timestamp", "title", "text", "level", "step", "alert_id"], Keys(records[3]));

        Assert.Equal("2026-03-04T05:06:08.250000+00:00", records[0].GetProperty("timestamp").GetString());
        Assert.Equal(10, records[0].GetProperty("step").GetInt32());
        Assert.Equal(0.5, records[0].GetProperty("metrics").GetProperty("train/loss").GetDouble());
        Assert.Equal(1.5, records[1].GetProperty("metrics").GetProperty("memory_gib").GetDouble());
        Assert.Equal(0.25, records[2].GetProperty("metrics").GetProperty("eval/loss").GetDouble());
        Assert.Equal(("warn", "3 rows had no token to train on."), (records[3].GetProperty("level").GetString(), records[3].GetProperty("text").GetString()));

        // The configuration goes with the first record, its numbers as numbers.
        JsonElement configuration = records[0].GetProperty("config");
        Assert.Equal(8, configuration.GetProperty("BatchSize").GetInt32());
        Assert.Equal(2e-4, configuration.GetProperty("LearningRate").GetDouble());
        Assert.False(configuration.GetProperty("Lora.UseDora").GetBoolean());
        Assert.Equal(JsonValueKind.Null, configuration.GetProperty("MaxSteps").ValueKind);
        Assert.Equal("2026-03-04T05:06:07.250000+00:00", configuration.GetProperty("_Created").GetString());
        Assert.Equal(JsonValueKind.Null, records[2].GetProperty("config").ValueKind);
    }

    [Fact]
    public void Each_flush_is_a_whole_file_in_a_folder_of_this_process()
    {
        TrackioTracker tracker = new(_folder);
        tracker.Start(RunSamples.Start());
        tracker.Flush();
        Assert.False(Directory.Exists(Path.Combine(_folder, "inbox")));

        tracker.Log(RunSamples.Evaluation(1, 0.5));
        tracker.Flush();
        string writer = Assert.Single(Directory.GetDirectories(Path.Combine(_folder, "inbox")));
        Assert.Matches(WriterName(), Path.GetFileName(writer));
        Assert.Equal(["00000000.jsonl"], Directory.GetFiles(writer).Select(Path.GetFileName));

        // The importer takes the file and the folder away.
        Directory.Delete(writer, recursive: true);
        tracker.Log(RunSamples.Evaluation(2, 0.5));
        tracker.Finish(RunState.Finished);
        Assert.Equal(["00000001.jsonl"], Directory.GetFiles(writer).Select(Path.GetFileName));
    }

    [Fact]
    public void Pictures_of_answers_lie_where_trackio_looks_for_them()
    {
        TrackioTracker tracker = new(_folder);
        tracker.Start(RunSamples.Start());
        tracker.Log(RunSamples.Answers(10));
        tracker.Flush();
        JsonElement table = Assert.Single(Read()).GetProperty("metrics").GetProperty("eval/answers");
        Assert.Equal("trackio.table", table.GetProperty("_type").GetString());
        JsonElement row = Assert.Single(table.GetProperty("_value").EnumerateArray());
        Assert.Equal((5, "How many <b>bars</b>?", "four", "4"), (row.GetProperty("row").GetInt32(), row.GetProperty("prompt").GetString(), row.GetProperty("response").GetString(), row.GetProperty("label").GetString()));

        // MEDIA_DIR / project with letters, digits, hyphens and underscores alone / run / step / name.
        JsonElement image = Assert.Single(row.GetProperty("image").EnumerateArray());
        Assert.Equal("trackio.image", image.GetProperty("_type").GetString());
        string file = image.GetProperty("file_path").GetString()!;
        Assert.StartsWith("mycharts/run one/10/", file, StringComparison.Ordinal);
        Assert.Equal(RunSamples.Picture(), File.ReadAllBytes(Path.Combine(_folder, "media", file)));
    }

    [Fact]
    public void What_a_resumed_run_does_again_has_the_same_identity()
    {
        string[] Identities(bool isResumed)
        {
            TrackioTracker tracker = new(Path.Combine(_folder, $"{isResumed}"));
            tracker.Start(RunSamples.Start(isResumed));
            tracker.Log(RunSamples.Metrics(10, 0.5, seconds: isResumed ? 9 : 1));
            tracker.Log(RunSamples.Evaluation(10, 0.5));
            tracker.Log(RunSamples.Metrics(20, 0.5));
            tracker.Flush();
            return [.. Read($"{isResumed}").Select(record => record.GetProperty("log_id").GetString()!)];
        }

        string[] first = Identities(isResumed: false);
        Assert.Equal(first, Identities(isResumed: true));
        Assert.Equal(5, first.Distinct().Count());
        Assert.All(first, identity => Assert.True(Guid.TryParseExact(identity, "D", out _)));
    }

    [Fact]
    public void The_folder_is_found_as_the_Python_libraries_find_it()
    {
        static string Find(params (string Name, string Value)[] variables)
            => TrackioFolder.Find(name => variables.FirstOrDefault(variable => variable.Name == name).Value);

        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal(Path.Combine(home, ".cache/huggingface/trackio"), Find());
        Assert.Equal(Path.Combine("/cache", "huggingface", "trackio"), Find(("XDG_CACHE_HOME", "/cache")));
        Assert.Equal(Path.Combine("/hf", "trackio"), Find(("HF_HOME", "/hf"), ("XDG_CACHE_HOME", "/cache")));
        Assert.Equal(Path.Combine(home + "/hf", "trackio"), Find(("HF_HOME", "~/hf")));
        Assert.Equal("/here", Find(("TRACKIO_DIR", "/here"), ("HF_HOME", "/hf")));
        Assert.Equal("default", TrackioFolder.NameOf(" ./"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<string> Keys(JsonElement record) => record.EnumerateObject().Select(property => property.Name);

    private JsonElement[] Read(string under = "")
        => [.. Directory.EnumerateFiles(Path.Combine(_folder, under, "inbox"), "*.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement)];

    [GeneratedRegex("^[0-9a-f]{16}$")]
    private static partial Regex WriterName();
}
