using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>Pretends to run jobs: scheduled, running, and done when their log has been read to its end or they have been looked at often enough.</summary>
/// <param name="hub">Where.</param>
public sealed class FakeJobs(FakeHub hub)
{
    private readonly ConcurrentDictionary<string, FakeJob> _jobs = new();
    private int _lastNumber;

    /// <summary>Lines of each job's log, behind the one that says that the job has started.</summary>
    public IReadOnlyList<string> LogLines { get; set; } = ["step 1", "step 2", "step 3"];

    /// <summary>Lines after which the log's connection is cut, for one connection behind the other.</summary>
    public ConcurrentQueue<int> LogCuts { get; } = new();

    /// <summary>How often a job is looked at before it runs.</summary>
    public int LooksUntilRunning { get; set; } = 1;

    /// <summary>How often a running job is looked at before it is done; null waits for the end of its log.</summary>
    public int? LooksUntilDone { get; set; }

    /// <summary>How jobs end.</summary>
    public string FinalStage { get; set; } = "COMPLETED";

    /// <summary>Bodies of the jobs that were asked for, secrets included.</summary>
    public IReadOnlyList<JsonNode> Submitted => [.. _jobs.Values.OrderBy(job => job.Number).Select(job => job.Body)];

    internal Task HandleAsync(HttpContext context, string[] parts, FakeRequest request)
    {
        if (request.Authorization != $"Bearer {FakeHub.Token}")
        {
            return FakeAnswers.ErrorAsync(context, 401, null, "Invalid username or password.");
        }
        return (request.Method, parts[2..]) switch
        {
            ("GET", ["hardware"]) => FakeAnswers.JsonAsync(context, new object[]
            {
                new { name = "cpu-basic", prettyName = "CPU Basic", cpu = "2 vCPU", ram = "16 GB", unitCostMicroUSD = 167, unitCostUSD = 0.01, unitLabel = "hour" },
                new
                {
                    name = "a100-large", prettyName = "Nvidia A100 - large", cpu = "12 vCPU", ram = "142 GB", ephemeralStorage = "1000 GB",
                    accelerator = new { type = "gpu", model = "A100", quantity = "1", vram = "80 GB", manufacturer = "Nvidia" }, unitCostMicroUSD = 41667, unitCostUSD = 2.5, unitLabel = "hour",
                },
            }),
            ("POST", [var owner]) => StartAsync(context, owner, JsonNode.Parse(request.Text)!),
            ("GET", [_]) => ListAsync(context),
            ("GET", [_, var id]) when _jobs.TryGetValue(id, out FakeJob? job) => FakeAnswers.JsonAsync(context, Describe(Look(job))),
            ("GET", [_, var id, "logs"]) when _jobs.TryGetValue(id, out FakeJob? job) => LogAsync(context, job),
            ("POST", [_, var id, "cancel"]) when _jobs.TryGetValue(id, out FakeJob? job) => FakeAnswers.JsonAsync(context, Describe(Cancel(job))),
            _ => FakeAnswers.ErrorAsync(context, 404, null, "Job not found"),
        };
    }

    private Task StartAsync(HttpContext context, string owner, JsonNode body)
    {
        int number = Interlocked.Increment(ref _lastNumber);
        string id = (0x6860cf4b00L + number).ToString("x24", CultureInfo.InvariantCulture);
        FakeJob job = _jobs[id] = new FakeJob(number, id, owner, body);
        return FakeAnswers.JsonAsync(context, Describe(job));
    }

    private Task ListAsync(HttpContext context)
    {
        string?[] stages = [.. context.Request.Query["stage"]];
        FakeJob[] jobs = [.. _jobs.Values.Where(job => stages.Length == 0 || stages.Contains(job.Stage)).OrderBy(job => job.Number)];
        int start = int.Parse(context.Request.Query["cursor"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        if (start + hub.PageSize < jobs.Length)
        {
            context.Response.Headers.Link = $"<{hub.Endpoint}{context.Request.Path}?cursor={start + hub.PageSize}{string.Concat(stages.Select(stage => $"&stage={stage}"))}>; rel=\"next\"";
        }
        return FakeAnswers.JsonAsync(context, jobs.Skip(start).Take(hub.PageSize).Select(Describe));
    }

    private FakeJob Look(FakeJob job)
    {
        lock (job)
        {
            job.Looks++;
            if (job.Stage == "SCHEDULING" && job.Looks > LooksUntilRunning)
            {
                (job.Stage, job.Looks) = ("RUNNING", 0);
            }
            else if (job.Stage == "RUNNING" && job.Looks >= LooksUntilDone)
            {
                job.Stage = FinalStage;
            }
            return job;
        }
    }

    private static FakeJob Cancel(FakeJob job)
    {
        lock (job)
        {
            job.Stage = "CANCELED";
            return job;
        }
    }

    private async Task LogAsync(HttpContext context, FakeJob job)
    {
        context.Response.ContentType = "text/event-stream";
        int? cut = LogCuts.TryDequeue(out int after) ? after : null;
        string[] lines = ["===== Job started at 2026-01-01 00:00:00 =====", .. LogLines];
        await context.Response.WriteAsync(": keep-alive\n\n");
        for (int index = 0; index < lines.Length; index++)
        {
            if (index == cut)
            {
                await context.Response.Body.FlushAsync();
                await Task.Delay(100);
                context.Abort();
                return;
            }
            string line = new JsonObject { ["data"] = lines[index], ["timestamp"] = $"2026-01-01T00:00:{index:D2}.000Z" }.ToJsonString();
            await context.Response.WriteAsync($"id: {index}\nevent: log\ndata: {line}\n\n");
        }
        lock (job)
        {
            job.Stage = job.Stage is "SCHEDULING" or "RUNNING" ? FinalStage : job.Stage;
        }
    }

    // As the real one, it says the names of secrets but never their values.
    private static JsonObject Describe(FakeJob job) => new()
    {
        ["id"] = job.Id,
        ["createdAt"] = "2026-01-01T00:00:00.000Z",
        ["dockerImage"] = job.Body["dockerImage"]?.DeepClone(),
        ["spaceId"] = job.Body["spaceId"]?.DeepClone(),
        ["command"] = job.Body["command"]?.DeepClone(),
        ["arguments"] = job.Body["arguments"]?.DeepClone(),
        ["environment"] = job.Body["environment"]?.DeepClone(),
        ["secrets"] = new JsonObject(job.Body["secrets"]?.AsObject().Select(secret => new KeyValuePair<string, JsonNode?>(secret.Key, null)) ?? []),
        ["flavor"] = job.Body["flavor"]?.DeepClone(),
        ["labels"] = job.Body["labels"]?.DeepClone(),
        ["status"] = new JsonObject { ["stage"] = job.Stage, ["message"] = job.Stage == "ERROR" ? "exit code 1" : null },
        ["owner"] = new JsonObject { ["id"] = "1", ["name"] = job.Owner, ["type"] = "user" },
    };

    private sealed class FakeJob(int number, string id, string owner, JsonNode body)
    {
        public int Number => number;

        public string Id => id;

        public string Owner => owner;

        public JsonNode Body => body;

        public string Stage { get; set; } = "SCHEDULING";

        public int Looks { get; set; }
    }
}
