using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Vlm.Bench;

/// <summary>Runs both sides of each comparison in turn and writes a table. All computes on one thread: CPU seconds then compare even on a machine that others use too.</summary>
internal static class CompareBench
{
    /// <summary>Compares.</summary>
    /// <exception cref="BenchException">An option is wrong, or a side printed nothing that can be compared.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string peers = options.Require("peers"), model = options.Require("model"), mini = options.Require("mini"), data = options.Require("data").TrimEnd('/'), file = options.Require("out");
        int rounds = options.Integer("rounds", 2, 1);
        string[]? only = options.Text("only")?.Split(',');
        options.CheckAllRead();

        Comparison[] chosen = [.. Comparison.All(model, mini, data).Where(comparison => only?.Contains(comparison.Name) ?? true)];
        if (only?.Except(chosen.Select(comparison => comparison.Name)).FirstOrDefault() is { } unknown)
        {
            throw new BenchException($"--only '{unknown}' is no comparison; there are {string.Join(", ", Comparison.All(model, mini, data).Select(comparison => comparison.Name))}.");
        }
        ComparisonData.Write(data);
        foreach (string checkpoint in (string[])[model, mini])
        {
            string start = ComparisonData.StartOf(data, checkpoint);
            if (!File.Exists(start) && chosen.Any(comparison => comparison.Own.Contains(start, StringComparison.Ordinal)))
            {
                Lines($"{peers} train-sft --model {checkpoint} --data {data} --mode loop --steps 1 --warm 0 --save-lora {start}");
            }
        }

        using StreamWriter table = new(file) { AutoFlush = true };
        table.WriteLine($"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, one thread a side, {rounds} {(rounds == 1 ? "round" : "rounds")}");
        table.WriteLine();
        table.WriteLine("| what | key | peer | ours | ratio | at most | largest difference of losses | peak MiB, peer | peak MiB, ours | load |");
        table.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Comparison comparison in chosen)
        {
            List<JsonElement> theirs = [], ours = [];
            for (int round = 0; round < rounds; round++)
            {
                theirs.AddRange(Lines($"{peers} {comparison.Peer}").Where(comparison.Picks));
                ours.AddRange(Lines($"{Self} {comparison.Own}").Where(comparison.Picks));
            }
            if (theirs.Count == 0 || ours.Count == 0)
            {
                throw new BenchException($"{comparison.Name}: {(theirs.Count == 0 ? $"the peers ({comparison.Peer})" : "this program")} printed no measure that can be compared.");
            }
            Write(comparison, theirs, ours, writer, table);
        }
    }

    private static string Self
        => $"\"{(Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath : "dotnet")}\" \"{typeof(CompareBench).Assembly.Location}\"";

    private static void Write(Comparison comparison, List<JsonElement> theirs, List<JsonElement> ours, MeasureWriter writer, StreamWriter table)
    {
        double peer = Spread.Median(theirs.Select(line => Dig(line, comparison.Key))), own = Spread.Median(ours.Select(line => Dig(line, comparison.Key)));
        double peerPeak = Spread.Median(theirs.Select(line => Dig(line, "rss_peak_mib"))), ownPeak = Spread.Median(ours.Select(line => Dig(line, "rss_peak_mib")));
        double? difference = comparison.ComparesLosses && theirs[0].TryGetProperty("loss", out JsonElement loss)
            ? loss.EnumerateArray().Zip(ours[0].GetProperty("loss").EnumerateArray(), (a, b) => Math.Abs(a.GetDouble() - b.GetDouble())).Max()
            : null;
        writer.Write("comparison", new Dictionary<string, object?>
        {
            ["name"] = comparison.Name,
            ["key"] = comparison.Key,
            ["peer"] = theirs.Select(line => Dig(line, comparison.Key)).ToArray(),
            ["ours"] = ours.Select(line => Dig(line, comparison.Key)).ToArray(),
            ["ratio"] = Math.Round(own / peer, 3),
            ["target"] = comparison.Target,
            ["loss_difference"] = difference,
            ["peer_rss_peak_mib"] = peerPeak,
            ["our_rss_peak_mib"] = ownPeak,
            ["peer_line"] = theirs[^1],
            ["our_line"] = ours[^1],
        });
        table.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {comparison.What} | {comparison.Key} | {peer:0.####} | {own:0.####} | {own / peer:0.00} | {comparison.Target:0.##} | {difference:0.0000} | {peerPeak:0} | {ownPeak:0} | {ProcessFacts.LoadAverage:0.#} |"));
    }

    private static double Dig(JsonElement line, string key)
        => key.Split('.').Aggregate(line, (element, part) => element.GetProperty(part)).GetDouble();

    // Through a shell: the peers' command is the user's, such as "python3 peers.py".
    private static JsonElement[] Lines(string command)
    {
        ProcessStartInfo start = new("/bin/sh") { ArgumentList = { "-c", command }, RedirectStandardOutput = true };
        start.Environment["PEER_THREADS"] = start.Environment["OMP_NUM_THREADS"] = "1";
        using Process process = Process.Start(start) ?? throw new BenchException($"'{command}' did not start.");
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return [.. printed.Split('\n').Where(line => line.StartsWith("{\"measure\"", StringComparison.Ordinal)).Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .Where(line => !line.TryGetProperty("error", out _))];
    }
}
