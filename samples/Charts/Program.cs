using System.Diagnostics;
using Charts;
using Microsoft.ML;
using Microsoft.ML.Vlm;

try
{
    if (SampleOptions.Parse(args) is { } options)
    {
        Run(options);
    }
    else
    {
        Console.WriteLine(SampleOptions.Usage);
    }
    return 0;
}
catch (SampleException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}
catch (Exception exception) when (exception is IOException or InvalidDataException or NotSupportedException)
{
    // What the library says about a damaged picture or a checkpoint it cannot use names file and remedy; a stack would hide it.
    Console.Error.WriteLine(exception.Message);
    return 1;
}

static void Run(SampleOptions options)
{
    var clock = Stopwatch.StartNew();
    var ml = new MLContext(options.Seed);
    string output = Path.GetFullPath(options.Output);
    Directory.CreateDirectory(output);

    // 1. Questions about charts: the user's, or drawn ones. Nothing is asked twice about the same picture in training and test.
    string data = options.Data ?? Path.Combine(output, "data");
    if (options.Data is null)
    {
        ChartFactory.ChartSet.Write(data, options.Limit, options.TestLimit, options.Seed);
    }
    IDataView train = Load(ml, data, "train.jsonl", options.Limit), test = Load(ml, data, "test.jsonl", options.TestLimit);
    int trainingRows = (int)train.GetRowCount()!, testRows = (int)test.GetRowCount()!;
    Console.WriteLine($"{trainingRows} questions to learn from, {testRows} about other charts to test with, in {data}");

    // 2. The base model as it is. The tiny one says what it sees in charts, but nobody has taught it to answer.
    var steps = new PipelineSteps(ml, options);
    if (options.Threads is { } threads)
    {
        TorchSharp.torch.set_num_threads(threads);
    }
    Console.WriteLine("Answers before training ...");
    AnsweredRow[] before = Answer(ml, steps.BaseModel().Fit(test), test);
    VlmMetrics accuracyBefore = Evaluate(ml, before);
    Console.WriteLine($"  {accuracyBefore}");

    // 3. Fine-tuning: small adapters beside the language model's layers learn to answer in a word.
    Console.WriteLine("Training ...");
    var trainingClock = Stopwatch.StartNew();
    List<LossPoint> losses = [];
    var model = TrainingDisplay.Run(losses, report => steps.FineTuning(trainingRows, report).Fit(train));
    double secondsTraining = trainingClock.Elapsed.TotalSeconds;

    // 4. The same questions again.
    Console.WriteLine("Answers after training ...");
    AnsweredRow[] after = Answer(ml, model, test);
    VlmMetrics accuracyAfter = Evaluate(ml, after);
    Console.WriteLine($"  {accuracyAfter}");

    // 5. Everything for ML.NET in a zip, and the adapter alone for PEFT, vLLM and others.
    string zip = Path.Combine(output, "model.zip");
    SafeFile.Write(zip, path => ml.Model.Save(model, train.Schema, path));
    model.SaveAdapter(Path.Combine(output, "adapter"));

    // 6. Anyone can load the zip and ask; nothing of this program is needed.
    var fresh = new MLContext();
    AnsweredRow[] again = Answer(fresh, fresh.Model.Load(zip, out _), Load(fresh, data, "test.jsonl", options.TestLimit));
    bool isIdentical = again.Select(row => row.Response).SequenceEqual(after.Select(row => row.Response));
    Console.WriteLine($"The model read back from {zip} gives {(isIdentical ? "the same" : "OTHER")} answers.");

    // 7. Preferences: right answers in a word against wrong and rambling ones. The fine-tuned model is the start, and what every step is measured against.
    PreferenceOutcome? preferences = File.Exists(Path.Combine(data, "train_pairs.jsonl"))
        ? AlignWithPreferences(ml, steps, model, Load(ml, data, "train_pairs.jsonl", options.Pairs), Load(ml, data, "test_pairs.jsonl", Math.Min(options.TestLimit, 300)), test, output) : null;

    // 8. For people and programs to look at.
    RunResults results = new()
    {
        Metric = accuracyAfter.Metric.ToString(),
        AccuracyBefore = accuracyBefore.Score,
        AccuracyAfter = accuracyAfter.Score,
        PreferenceBefore = preferences?.Before,
        PreferenceAfter = preferences?.After,
        AccuracyAfterDpo = preferences?.Accuracy.Score,
        SecondsPreferences = preferences?.Seconds,
        ReloadedIdentical = isIdentical,
        SecondsTotal = clock.Elapsed.TotalSeconds,
        SecondsTraining = secondsTraining,
        PeakResidentBytes = Process.GetCurrentProcess().PeakWorkingSet64,
        TrainingRows = trainingRows,
        TestRows = testRows,
        Epochs = options.Epochs,
        Seed = options.Seed,
        Quantization = options.Quantization?.Type.ToString(),
        Losses = losses,
    };
    results.Save(Path.Combine(output, "results.json"));
    ReportCard[] cards = [.. ReportCard.Collect(before, after, accuracyAfter.RowScores)];
    ReportPage.Write(Path.Combine(output, "index.html"), data, results, cards);
    foreach (ReportCard card in cards.Take(8))
    {
        Console.WriteLine($"  {card.Query}  before: {card.Before}  after: {card.After}  right: {card.Answer}");
    }
    Console.WriteLine($"{results.SecondsTotal:0} s, at most {results.PeakResidentBytes >> 20} MiB of memory. See {Path.Combine(output, "index.html")}");
}

static PreferenceOutcome AlignWithPreferences(
    MLContext ml, PipelineSteps steps, VlmTransformer tuned, IDataView pairs, IDataView unseen, IDataView questions, string output)
{
    int count = (int)pairs.GetRowCount()!;
    Console.WriteLine($"Preferences: {count} pairs ...");
    var clock = Stopwatch.StartNew();
    double? before = null;
    var aligned = TrainingDisplay.Run([], report => steps.Preferences(tuned, count, metrics =>
    {
        before ??= metrics.Step == 1 ? metrics.Values["rewards/accuracies"] : null;
        report(metrics);
    }).Fit(pairs));
    double seconds = clock.Elapsed.TotalSeconds;
    VlmComparison comparison = ml.Vlm().Compare([("fine-tuned", tuned), ("aligned", aligned)], unseen, new VlmComparisonOptions
    {
        LabelColumnName = "Chosen",
        ChosenColumnName = "Chosen",
        RejectedColumnName = "Rejected",
    });
    SafeFile.Write(Path.Combine(output, "comparison.html"), comparison.SaveHtml);
    VlmMetrics accuracy = Evaluate(ml, Answer(ml, aligned, questions));
    SafeFile.Write(Path.Combine(output, "aligned.zip"), path => ml.Model.Save(aligned, pairs.Schema, path));
    PreferenceOutcome outcome = new(before, comparison.Models[1].RewardAccuracy!.Value, accuracy, seconds);
    Console.WriteLine($"  the better answer gained in {100 * outcome.After:0.0} % of {unseen.GetRowCount()} unseen pairs; {accuracy}");
    return outcome;
}

// Layouts that are known, such as ChartQA's and preferences, need no names of columns; the page shows the pictures by their paths.
static IDataView Load(MLContext ml, string folder, string file, int limit)
    => ml.Data.LoadVlm(Path.Combine(folder, file), new VlmDataOptions { MaxRows = limit, ColumnMapping = { ["image"] = nameof(AnsweredRow.ImagePath) } });

static AnsweredRow[] Answer(MLContext ml, ITransformer model, IDataView questions)
    => [.. ml.Data.CreateEnumerable<AnsweredRow>(model.Transform(questions), reuseRowObject: false)];

static VlmMetrics Evaluate(MLContext ml, AnsweredRow[] rows)
    => ml.Vlm().Evaluate(ml.Data.LoadFromEnumerable(rows), metric: VlmMetric.RelaxedAccuracy);
