using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Runs programs on the hub's machines: asks for jobs, looks after them, reads their logs, ends them.</summary>
/// <param name="client">Sends; needs a token.</param>
/// <param name="owner">Account or organization that pays; null is the token's account.</param>
internal sealed class JobsClient(HubClient client, string? owner = null)
{
    private const int MaximumPages = 1000;
    private const int LogRetries = 5;
    private static readonly TimeSpan s_slowAnswer = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_drained = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private string? _owner = owner;

    /// <summary>Asks for a job.</summary>
    /// <exception cref="ArgumentException">The specification is incomplete or cannot be.</exception>
    /// <exception cref="HubException">The hub refuses: no token, no credit, no such machine.</exception>
    public async Task<JobInfo> RunAsync(JobSpecification specification, CancellationToken token)
    {
        JsonObject body = specification.ToJson();
        string place = await PlaceAsync(null, token).ConfigureAwait(false);

        // Sent once: a job whose answer was lost may run already, and a second one would cost as much again.
        HubRequest request = new(HttpMethod.Post, client.Settings.Address(place), "the job")
        {
            NetworkRetries = 0,
            Timeout = s_slowAnswer,
            Content = _ => new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json")),
        };
        return await JobAsync(request, token).ConfigureAwait(false);
    }

    /// <summary>Looks at a job.</summary>
    public async Task<JobInfo> InspectAsync(string id, CancellationToken token)
        => await JobAsync(new HubRequest(HttpMethod.Get, client.Settings.Address(await PlaceAsync(id, token).ConfigureAwait(false)), $"job {id}") { NetworkRetries = HubRetry.Retries }, token).ConfigureAwait(false);

    /// <summary>Ends a job.</summary>
    public async Task CancelAsync(string id, CancellationToken token)
    {
        string place = await PlaceAsync(id, token).ConfigureAwait(false);
        using HttpResponseMessage done = await client.SendAsync(new HubRequest(HttpMethod.Post, client.Settings.Address($"{place}/cancel"), $"job {id}") { Timeout = s_slowAnswer, NetworkRetries = HubRetry.Retries }, token).ConfigureAwait(false);
    }

    /// <summary>The jobs, newest as the hub gives them.</summary>
    /// <param name="stages">Stages that are wanted; none for all.</param>
    /// <param name="labels">Labels that they have; none for all.</param>
    /// <param name="token">Stops.</param>
    public async Task<IReadOnlyList<JobInfo>> ListAsync(IReadOnlyList<string> stages, IReadOnlyDictionary<string, string> labels, CancellationToken token)
    {
        IEnumerable<string> filters = stages.Select(stage => $"stage={Uri.EscapeDataString(stage)}").Concat(labels.Select(label => $"label={Uri.EscapeDataString($"{label.Key}={label.Value}")}"));
        string place = await PlaceAsync(null, token).ConfigureAwait(false), query = string.Join('&', filters);
        List<JobInfo> jobs = [];
        Uri? address = client.Settings.Address(query.Length > 0 ? $"{place}?{query}" : place);
        for (int page = 0; address is not null && page < MaximumPages; page++)
        {
            HubRequest request = new(HttpMethod.Get, address, "the list of jobs");
            using HttpResponseMessage response = await client.SendAsync(request, token).ConfigureAwait(false);
            using JsonDocument document = await client.ReadJsonAsync(response, request, token).ConfigureAwait(false);
            jobs.AddRange(Items(document, request.Subject).Select(item => JobInfo.Of(item, client.Settings)));
            address = HubSnapshots.NextPage(response.Headers, address);
        }
        return jobs;
    }

    /// <summary>The machines, with their prices.</summary>
    public async Task<IReadOnlyList<JobHardware>> HardwareAsync(CancellationToken token)
    {
        HubRequest request = new(HttpMethod.Get, client.Settings.Address("api/jobs/hardware"), "the list of machines");
        using JsonDocument document = await client.ReadJsonAsync(request, token).ConfigureAwait(false);
        return [.. Items(document, request.Subject).Select(JobHardware.Of)];
    }

    /// <summary>
    /// The lines that a job writes, each once. Followed, they come until the job ends, and a connection that breaks is made again: the hub then starts at the beginning, and what was
    /// given already is passed over.
    /// </summary>
    /// <param name="id">The job.</param>
    /// <param name="follows">Whether to wait for more; else what there is so far.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="HubException">The hub refuses, or the connection broke five times in a row.</exception>
    public async IAsyncEnumerable<JobLogLine> LogAsync(string id, bool follows, [EnumeratorCancellation] CancellationToken token)
    {
        string place = await PlaceAsync(id, token).ConfigureAwait(false);
        HubRequest request = new(HttpMethod.Get, client.Settings.Address($"{place}/logs"), $"the log of job {id}") { Accept = "text/event-stream", NetworkRetries = LogRetries, Timeout = s_slowAnswer };
        long given = 0;
        for (int failures = 0, quiet = 0; ;)
        {
            long before = given, seen = 0;
            Exception? broken = null;
            using (HttpResponseMessage response = await client.SendAsync(request, token).ConfigureAwait(false))
            {
                using Stream stream = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
                await using IAsyncEnumerator<JobLogLine> lines = JobLogStream.ReadAsync(stream, follows ? s_longestSilence : s_drained, request.Subject, token).GetAsyncEnumerator(token);
                while (true)
                {
                    try
                    {
                        if (!await lines.MoveNextAsync().ConfigureAwait(false))
                        {
                            break;
                        }
                    }
                    catch (Exception exception) when (HubRetry.IsTransient(exception, token))
                    {
                        broken = exception;
                        break;
                    }
                    if (seen++ >= given)
                    {
                        given++;
                        yield return lines.Current;
                    }
                }
            }
            bool hasEnded = broken is null or OperationCanceledException;
            if (hasEnded && (!follows || (await InspectAsync(id, token).ConfigureAwait(false)).IsFinal))
            {
                yield break;
            }

            // A stream may end although the job goes on, above all while it is scheduled; only broken connections count.
            failures = given > before || broken is null ? 0 : failures + 1;
            quiet = given > before ? 0 : quiet + 1;
            if (failures > LogRetries)
            {
                throw HubErrors.Network(request, broken!);
            }
            await client.WaitAsync(TimeSpan.FromSeconds(Math.Min(Math.Pow(2, quiet), s_longestPause.TotalSeconds)), token).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until a job ends.</summary>
    /// <param name="id">The job.</param>
    /// <param name="looks">Most looks, a second apart; null waits as long as it takes.</param>
    /// <param name="token">Stops to wait; the job goes on.</param>
    /// <exception cref="TimeoutException">It has not ended; names its stage.</exception>
    public async Task<JobInfo> WaitAsync(string id, int? looks, CancellationToken token)
    {
        for (int look = 1; ; look++)
        {
            JobInfo job = await InspectAsync(id, token).ConfigureAwait(false);
            if (job.IsFinal)
            {
                return job;
            }
            if (look >= looks)
            {
                throw new TimeoutException($"Job {id} is still {job.Stage}. It goes on: {job.Url}");
            }
            await client.WaitAsync(s_pause, token).ConfigureAwait(false);
        }
    }

    private static IEnumerable<HubJson> Items(JsonDocument document, string subject)
        => document.RootElement.ValueKind == JsonValueKind.Array
            ? document.RootElement.EnumerateArray().Select(item => HubJson.Of(item, subject)) : throw HubErrors.Damaged(subject, "the answer is no list.");

    private async Task<JobInfo> JobAsync(HubRequest request, CancellationToken token)
    {
        using JsonDocument document = await client.ReadJsonAsync(request, token).ConfigureAwait(false);
        return JobInfo.Of(HubJson.Of(document.RootElement, request.Subject), client.Settings);
    }

    private async Task<string> PlaceAsync(string? id, CancellationToken token)
    {
        _owner ??= await new HubUploader(client).UserAsync(token).ConfigureAwait(false);
        return $"api/jobs/{Uri.EscapeDataString(_owner)}{(id is null ? "" : $"/{Uri.EscapeDataString(id)}")}";
    }
}
