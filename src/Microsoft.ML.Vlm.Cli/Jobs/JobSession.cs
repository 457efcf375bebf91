using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Cli.Jobs;

/// <summary>Talks with the hub about jobs.</summary>
internal sealed partial class JobSession : IDisposable
{
    // The log may end a moment before the job does.
    private const int LooksForTheEnd = 60;

    private readonly ToolConsole _console;
    private readonly HubClient _client;
    private readonly JobsClient _jobs;

    /// <summary>Opens a session.</summary>
    /// <param name="console">Gets logs; its token stops.</param>
    /// <param name="owner">Who pays; null for the account of the token.</param>
    public JobSession(ToolConsole console, string? owner)
    {
        _console = console;
        _client = new HubClient(HubSettings.From(null, console.Variable));
        _jobs = new JobsClient(_client, owner);
    }

    /// <summary>Starts a job.</summary>
    public JobInfo Start(JobSpecification job) => Wait(() => _jobs.RunAsync(job, _console.Token));

    /// <summary>Looks at a job.</summary>
    public JobInfo Inspect(string id) => Wait(() => _jobs.InspectAsync(id, _console.Token));

    /// <summary>Ends a job.</summary>
    public void Cancel(string id) => Wait(async () =>
    {
        await _jobs.CancelAsync(id, _console.Token).ConfigureAwait(false);
        return id;
    });

    /// <summary>The jobs.</summary>
    /// <param name="all">Whether those that have ended are wanted too.</param>
    public IReadOnlyList<JobInfo> List(bool all) => Wait(() => _jobs.ListAsync(all ? [] : ["SCHEDULING", "RUNNING"], new Dictionary<string, string>(), _console.Token));

    /// <summary>The machines.</summary>
    public IReadOnlyList<JobHardware> Hardware() => Wait(() => _jobs.HardwareAsync(_console.Token));

    /// <summary>Shows what a job writes until it ends.</summary>
    /// <returns>The exit code of the job: that which the hub tells, or else 0 for one that ended well and 1 for one that did not.</returns>
    public int Follow(string id)
    {
        try
        {
            JobInfo end = Wait(async () =>
            {
                await foreach (JobLogLine line in _jobs.LogAsync(id, follows: true, _console.Token).ConfigureAwait(false))
                {
                    _console.Output.WriteLine(line.Text);
                }
                return await _jobs.WaitAsync(id, LooksForTheEnd, _console.Token).ConfigureAwait(false);
            });
            if (!end.IsCompleted)
            {
                _console.Error.WriteLine($"vlm: job {id} ended as {end.Stage}{(end.Message is { } message ? $": {message}" : "")}");
            }
            return end.IsCompleted ? ExitCode.Success : ExitCodeOf(end.Message);
        }
        catch (OperationCanceledException) when (_console.Token.IsCancellationRequested)
        {
            throw new OperationCanceledException($"Job {id} goes on. 'vlm jobs logs {id}' shows it again, 'vlm jobs cancel {id}' ends it.");
        }
    }

    /// <summary>Closes the session; jobs go on.</summary>
    public void Dispose() => _client.Dispose();

    /// <summary>The exit code that a message of the hub names, else 1.</summary>
    internal static int ExitCodeOf(string? message)
        => message is not null && Code().Match(message) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int code) && code is > 0 and < 256
            ? code : ExitCode.Failure;

    private static T Wait<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();

    [GeneratedRegex(@"exit code:?\s+([0-9]{1,3})\b", RegexOptions.IgnoreCase)]
    private static partial Regex Code();
}
