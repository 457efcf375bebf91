using System.Globalization;

namespace Vlm.Bench;

/// <summary>The options of a subcommand, <c>--name value</c> or <c>--switch</c>, under the names of the peer scripts.</summary>
internal sealed class BenchOptions
{
    private static readonly string[] s_switches = ["gc", "no-cache", "keep-head"];

    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _read = [];

    private BenchOptions()
    {
    }

    /// <summary>The arguments as they were given.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="BenchException">An option has no value, or a value no option.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> arguments)
    {
        BenchOptions options = new() { Arguments = arguments };
        for (int index = 0; index < arguments.Count; index++)
        {
            string name = arguments[index].StartsWith("--", StringComparison.Ordinal)
                ? arguments[index][2..]
                : throw new BenchException($"'{arguments[index]}' belongs to no option; options begin with --.");
            options._values[name] = s_switches.Contains(name)
                ? "true"
                : ++index < arguments.Count ? arguments[index] : throw new BenchException($"--{name} needs a value.");
        }
        return options;
    }

    /// <summary>Whether a switch or an option was given.</summary>
    public bool Has(string name)
    {
        _read.Add(name);
        return _values.ContainsKey(name);
    }

    /// <summary>A text that has to be given.</summary>
    /// <exception cref="BenchException">It was not.</exception>
    public string Require(string name) => Text(name) ?? throw new BenchException($"--{name} is missing.");

    /// <summary>A text, or null.</summary>
    public string? Text(string name) => Has(name) ? _values[name] : null;

    /// <summary>One of several words.</summary>
    /// <param name="name">The option.</param>
    /// <param name="words">What may stand there; the first is the default.</param>
    /// <exception cref="BenchException">Another word was given.</exception>
    public string Word(string name, params ReadOnlySpan<string> words)
    {
        string word = Text(name) ?? words[0];
        return words.Contains(word) ? word : throw new BenchException($"--{name} '{word}' is not one of: {string.Join(", ", words.ToArray())}.");
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="BenchException">It is none, or below <paramref name="least"/>.</exception>
    public int Integer(string name, int otherwise, int least = 0)
        => Text(name) is not { } text ? otherwise
            : int.TryParse(text, CultureInfo.InvariantCulture, out int value) && value >= least ? value
            : throw new BenchException($"--{name} '{text}' is not a whole number of at least {least}.");

    /// <summary>A number.</summary>
    /// <exception cref="BenchException">It is none.</exception>
    public double Number(string name, double otherwise)
        => Text(name) is not { } text ? otherwise
            : double.TryParse(text, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value
            : throw new BenchException($"--{name} '{text}' is not a number.");

    /// <summary>Threads that compute: <c>--threads</c>, else the environment variable <c>PEER_THREADS</c>, else all cores.</summary>
    public int Threads()
        => Integer("threads", int.TryParse(Environment.GetEnvironmentVariable("PEER_THREADS"), CultureInfo.InvariantCulture, out int given) && given > 0 ? given : Environment.ProcessorCount, 1);

    /// <summary>Throws when an option was given that the subcommand did not ask for. To be called when all were read.</summary>
    /// <exception cref="BenchException">Names them.</exception>
    public void CheckAllRead()
    {
        string[] unknown = [.. _values.Keys.Where(name => !_read.Contains(name)).Select(name => $"--{name}")];
        if (unknown.Length > 0)
        {
            throw new BenchException($"{string.Join(", ", unknown)} {(unknown.Length == 1 ? "is" : "are")} not known to this subcommand; --help lists them.");
        }
    }
}
