using System.Globalization;
using TinyModel;
using TorchSharp;

const string Usage = """
    Builds the tiny model of samples/Charts: tokenizer, configuration, and weights trained from nothing on captions of charts.

      dotnet run -c Release --project tools/TinyModel -- FOLDER [--steps 1800] [--seed 1] [--threads 1]

    FOLDER gets the model. Steps of 0 write no weights. See docs/tiny-model.md.
    """;

Dictionary<string, int> numbers = new() { ["--steps"] = 1800, ["--seed"] = 1, ["--threads"] = 1 };
bool isUnderstood = args.Length % 2 == 1 && !args[0].StartsWith('-');
for (int index = 1; isUnderstood && index < args.Length; index += 2)
{
    isUnderstood = numbers.ContainsKey(args[index])
        && int.TryParse(args[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        && (numbers[args[index]] = number) >= 0;
}
if (!isUnderstood)
{
    Console.Error.WriteLine(Usage);
    return 2;
}

TinyModelFiles.Write(args[0], numbers["--seed"]);
if (numbers["--steps"] > 0)
{
    Microsoft.ML.Vlm.Torch.NativeLibraryLoader.EnsureLoaded();
    torch.set_num_threads(Math.Max(1, numbers["--threads"]));
    PreTraining.Run(args[0], numbers["--steps"], numbers["--seed"], Console.Out);
}
return 0;
