using System.Globalization;
using Microsoft.ML.Vlm;

namespace Charts;

/// <summary>What the user asked for on the command line.</summary>
internal sealed record SampleOptions
{
    /// <summary>Shown for <c>--help</c> and beside errors.</summary>
    public const string Usage = """
        Fine-tunes a vision-language model on questions about charts, and shows what it learned.

          dotnet run -c Release --project samples/Charts -- [options]

          --data FOLDER           images, train.jsonl and test.jsonl instead of drawn charts; a line is
                                  {"image": "images/1.png", "query": "...", "label": ["..."]}
          --model FOLDER          a SmolVLM or Idefics3 checkpoint instead of the tiny model of this sample
          --output FOLDER         where everything is written (default: samples/Charts/output)
          --epochs N              passes over the training questions (default 3)
          --limit N               at most N training questions (default 10000)
          --test-limit N          at most N test questions (default 1000)
          --pairs N               at most N preference pairs (default 2000); 0 leaves that stage out, as does a
                                  data folder without train_pairs.jsonl and test_pairs.jsonl, lines of
                                  {"image": "images/1.png", "query": "...", "chosen": "...", "rejected": "..."}
          --batch-size N          questions in a step (default 32; with --model 4)
          --learning-rate X       highest learning rate (default 2e-3; with --model 2e-4)
          --quant TYPE            nf4, fp4 or int8: the linear layers of the language model in 4 or 8 bits
          --seed N                another seed, other charts and another order (default 1)
          --threads N             threads for computing (default 1, as the tiny model is too small for
                                  more; with --model as libtorch chooses)
          --help                  this text
        """;

    /// <summary>The user's data folder; null to draw charts.</summary>
    public string? Data { get; init; }

    /// <summary>The user's checkpoint; null for the tiny model.</summary>
    public string? Model { get; init; }

    /// <summary>Where everything is written.</summary>
    public string Output { get; init; } = DefaultOutput();

    /// <summary>Passes over the training questions.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Most training questions.</summary>
    public int Limit { get; init; } = 10000;

    /// <summary>Most test questions.</summary>
    public int TestLimit { get; init; } = 1000;

    /// <summary>Most preference pairs.</summary>
    public int Pairs { get; init; } = 2000;

    /// <summary>Questions in a step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Highest learning rate. A model as small as the tiny one needs a high one.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>How the base model is quantized; null keeps it as it is.</summary>
    public QuantOptions? Quantization { get; init; }

    /// <summary>Seed of charts, order and initial adapter.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Threads for computing; null leaves it to libtorch.</summary>
    public int? Threads { get; init; } = 1;

    /// <summary>The checkpoint to start from.</summary>
    public string ModelPath => Model ?? Path.Combine(AppContext.BaseDirectory, "model");

    /// <summary>Reads the command line.</summary>
    /// <returns>Null when the user asked for help.</returns>
    /// <exception cref="SampleException">An argument is not understood; says which, and what would be.</exception>
    public static SampleOptions? Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Any(argument => argument is "--help" or "-h" or "-?"))
        {
            return null;
        }
        // Defaults that depend on another option come before the options themselves.
        SampleOptions options = arguments.Contains("--model") ? new() { BatchSize = 4, LearningRate = 2e-4, Threads = null } : new();
        for (int index = 0; index < arguments.Count; index += 2)
        {
            string name = arguments[index];
            options = Set(options, name, () => index + 1 < arguments.Count
                ? arguments[index + 1]
                : throw new SampleException($"'{name}' needs a value behind it."));
        }
        return options;
    }

    private static SampleOptions Set(SampleOptions options, string name, Func<string> value) => name switch
    {
        "--data" => options with { Data = ExistingFolder(name, value()) },
        "--model" => options with { Model = ExistingFolder(name, value()) },
        "--output" => options with { Output = value() },
        "--epochs" => options with { Epochs = WholeNumber(name, value(), 1) },
        "--limit" => options with { Limit = WholeNumber(name, value(), 1) },
        "--test-limit" => options with { TestLimit = WholeNumber(name, value(), 1) },
        "--pairs" => options with { Pairs = WholeNumber(name, value(), 0) },
        "--batch-size" => options with { BatchSize = WholeNumber(name, value(), 1) },
        "--learning-rate" => options with { LearningRate = PositiveNumber(name, value()) },
        "--quant" => options with { Quantization = QuantizationOf(name, value()) },
        "--seed" => options with { Seed = WholeNumber(name, value(), 0) },
        "--threads" => options with { Threads = WholeNumber(name, value(), 1) },
        _ => throw new SampleException($"'{name}' is not an option of this sample. --help lists those that are."),
    };

    private static QuantOptions QuantizationOf(string name, string value) => value switch
    {
        "nf4" => QuantOptions.Nf4,
        "fp4" => QuantOptions.Fp4,
        "int8" => QuantOptions.Int8,
        _ => throw new SampleException($"{name} needs nf4, fp4 or int8, not '{value}'."),
    };

    private static string ExistingFolder(string name, string value)
        => Directory.Exists(value) ? value : throw new SampleException($"{name}: the folder '{Path.GetFullPath(value)}' does not exist.");

    private static int WholeNumber(string name, string value, int least)
        => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new SampleException($"{name} needs a whole number of at least {least}, not '{value}'.");

    private static double PositiveNumber(string name, string value)
        => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number > 0 && double.IsFinite(number)
            ? number
            : throw new SampleException($"{name} needs a number above 0 such as 3e-3, not '{value}'.");

    // Beside the sample's source when it is run from a clone, else in the current folder.
    private static string DefaultOutput()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Charts.csproj")))
            {
                return Path.Combine(folder.FullName, "output");
            }
        }
        return Path.GetFullPath("output");
    }
}
