using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>Jobs on a hub on this machine.</summary>
public sealed class JobsTests : IAsyncLifetime
{
    private const string Secret = "do-not-print-me";

    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await HubFixture.StartAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_job_is_asked_for_in_the_hubs_words()
    {
        using HubClient client = _fixture.Client(FakeHub.Token);
        JobInfo job = await new JobsClient(client).RunAsync(Specification(), default);

        JsonNode body = Assert.Single(_fixture.Hub.Jobs.Submitted);
        Assert.Equal(
            "{\"command\":[\"vlm\",\"sft\"],\"arguments\":[],\"environment\":{\"A\":\"1\"},\"flavor\":\"a100-large\",\"dockerImage\":\"mcr.microsoft.com/dotnet/sdk:10.0\",\"timeoutSeconds\":5400,"
            + $"\"secrets\":{{\"HF_TOKEN\":\"{Secret}\"}},\"labels\":{{\"run\":\"charts\"}},\"volumes\":[{{\"type\":\"model\",\"source\":\"me/app\",\"mountPath\":\"/data\",\"readOnly\":true}}]}}",
            body.ToJsonString());
        Assert.Equal((FakeHub.User, "SCHEDULING", "a100-large", false), (job.Owner, job.Stage, job.Flavor, job.IsFinal));
        Assert.Equal($"{_fixture.Hub.Endpoint}/jobs/{FakeHub.User}/{job.Id}", job.Url.Replace("//jobs", "/jobs", StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, job.ToString() + Specification(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://huggingface.co/spaces/me/app", "me/app")]
    [InlineData("hf.co/spaces/me/app", "me/app")]
    [InlineData("huggingface.co/spaces/me/app/", "me/app")]
    [InlineData("python:3.12", null)]
    public void A_space_may_stand_for_its_image(string image, string? space)
    {
        JsonObject body = Specification(image: image).ToJson();
        Assert.Equal((space, space is null ? image : null), (body["spaceId"]?.GetValue<string>(), body["dockerImage"]?.GetValue<string>()));
    }

    [Theory]
    [InlineData("90", 90)]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5400)]
    [InlineData("2d", 172_800)]
    [InlineData("1.9s", 1)]
    public void Times_are_numbers_with_a_unit(string text, int seconds) => Assert.Equal(seconds, JobTimeout.Seconds(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1h")]
    [InlineData("2 hours")]
    [InlineData("400d")]
    [InlineData("NaN")]
    public void Every_job_has_a_time_after_which_it_ends(string text) => Assert.Throws<ArgumentException>(() => Specification(timeout: text).ToJson());

    [Fact]
    public void What_cannot_be_is_refused_without_naming_secrets()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Specification(secretName: "not a name").ToJson());
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Specification(secretName: "A").ToJson());
        Assert.Throws<ArgumentException>(() => Specification(label: "with space").ToJson());
        Assert.Throws<ArgumentException>(() => Specification(command: []).ToJson());
    }

    [Fact]
    public async Task A_job_is_waited_for_and_listed()
    {
        _fixture.Hub.Jobs.LooksUntilDone = 2;
        _fixture.Hub.PageSize = 2;
        using HubClient client = _fixture.Client(FakeHub.Token);
        JobsClient jobs = new(client);
        string[] ids = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ => (await jobs.RunAsync(Specification(), default)).Id))];

        TimeoutException error = await Assert.ThrowsAsync<TimeoutException>(() => jobs.WaitAsync(ids[0], 1, default));
        Assert.Contains("SCHEDULING", error.Message, StringComparison.Ordinal);
        Assert.True((await jobs.WaitAsync(ids[0], null, default)).IsCompleted);
        Assert.Equal(3, (await jobs.ListAsync([], new Dictionary<string, string>(), default)).Count);
        Assert.Equal([ids[0]], (await jobs.ListAsync(["COMPLETED"], new Dictionary<string, string>(), default)).Select(job => job.Id));
    }

    [Fact]
    public async Task A_job_is_cancelled()
    {
        using HubClient client = _fixture.Client(FakeHub.Token);
        JobsClient jobs = new(client, FakeHub.User);
        JobInfo job = await jobs.RunAsync(Specification(), default);
        await jobs.CancelAsync(job.Id, default);
        Assert.Equal(("CANCELED", true), ((await jobs.InspectAsync(job.Id, default)) is var found ? (found.Stage, found.IsFinal) : default));
        Assert.DoesNotContain(_fixture.Hub.Requests, request => request.Path.Contains("whoami", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lines_of_a_log_come_once_however_often_the_connection_breaks()
    {
        _fixture.Hub.Jobs.LogLines = [.. Enumerable.Range(1, 20).Select(line => $"step {line}")];
        foreach (int cut in new[] { 5, 5, 12 })
        {
            _fixture.Hub.Jobs.LogCuts.Enqueue(cut);
        }
        using HubClient client = _fixture.Client(FakeHub.Token);
        JobsClient jobs = new(client);
        JobInfo job = await jobs.RunAsync(Specification(), default);

        List<string> lines = [];
        await foreach (JobLogLine line in jobs.LogAsync(job.Id, follows: true, default))
        {
            lines.Add(line.Text);
        }

        Assert.Equal(_fixture.Hub.Jobs.LogLines, lines);
        Assert.Equal(4, _fixture.Hub.Requests.Count(request => request.Path.EndsWith("/logs", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_log_that_always_breaks_is_given_up()
    {
        for (int cut = 0; cut < 20; cut++)
        {
            _fixture.Hub.Jobs.LogCuts.Enqueue(0);
        }
        using HubClient client = _fixture.Client(FakeHub.Token);
        JobsClient jobs = new(client);
        JobInfo job = await jobs.RunAsync(Specification(), default);
        HubException error = await Assert.ThrowsAsync<HubException>(async () =>
        {
            await foreach (JobLogLine _ in jobs.LogAsync(job.Id, follows: true, default))
            {
            }
        });
        Assert.Equal(HubErrorKind.Network, error.Kind);
    }

    [Fact]
    public async Task Only_events_with_data_are_lines()
    {
        string text = ": keep-alive\n\nevent: log\ndata: {\"data\": \"===== Job started at 1 =====\", \"timestamp\": \"1\"}\r\n\r\ndata: {\"data\": \"grün\", \"timestamp\": \"2\"}\n\ndata: ping\n\ndata: {\"data\": \"cut";
        List<JobLogLine> lines = [];
        await foreach (JobLogLine line in JobLogStream.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), TimeSpan.FromSeconds(5), "log", default))
        {
            lines.Add(line);
        }
        Assert.Equal([new JobLogLine("grün", "2")], lines);
        Assert.Throws<HubException>(() => JobLogStream.Parse("data: {broken", "log"));
    }

    [Fact]
    public async Task Machines_are_listed_with_their_prices()
    {
        using HubClient client = _fixture.Client(FakeHub.Token);
        IReadOnlyList<JobHardware> machines = await new JobsClient(client).HardwareAsync(default);
        Assert.Equal(["cpu-basic", "a100-large"], machines.Select(machine => machine.Name));
        Assert.Equal((null, "1 x A100 80 GB", 2.5, "hour"), (machines[0].Accelerator, machines[1].Accelerator, machines[1].UnitCost, machines[1].Unit));
    }

    [Fact]
    public async Task Without_a_token_or_credit_the_error_says_so()
    {
        using HubClient nobody = _fixture.Client();
        Assert.Contains("HF_TOKEN", (await Assert.ThrowsAsync<HubException>(() => new JobsClient(nobody).RunAsync(Specification(), default))).Message, StringComparison.Ordinal);
        _fixture.Hub.Add(new FakeFault(request => request.Method == "POST") { Status = 402 });
        using HubClient poor = _fixture.Client(FakeHub.Token);
        HubException error = await Assert.ThrowsAsync<HubException>(() => new JobsClient(poor).RunAsync(Specification(), default));
        Assert.Equal(HubErrorKind.PaymentRequired, error.Kind);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    private static JobSpecification Specification(string image = "mcr.microsoft.com/dotnet/sdk:10.0", string timeout = "1.5h", string secretName = "HF_TOKEN", string label = "charts", string[]? command = null) => new()
    {
        Image = image,
        Command = command ?? ["vlm", "sft"],
        Flavor = "a100-large",
        Timeout = timeout,
        Environment = new Dictionary<string, string> { ["A"] = "1" },
        Secrets = new Dictionary<string, string> { [secretName] = Secret },
        Labels = new Dictionary<string, string> { ["run"] = label },
        Volumes = [new JobVolume("model", "me/app", "/data") { IsReadOnly = true }],
    };
}
