#!/usr/bin/env dotnet
// dotnet run samples/scripts/dpo.cs [training questions]
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../../src/Microsoft.ML.Vlm.Dpo/Microsoft.ML.Vlm.Dpo.csproj
#:project ../ChartFactory/ChartFactory.csproj

// # Preferences
// A model that answers already learns which of two answers is better: the right and short one, not the wrong or rambling one.
// This is direct preference optimization, DPO.
using System.IO;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Dpo;

int rows = args.Length > 0 ? int.Parse(args[0]) : 2000;
string here = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string model = Path.Combine(here, "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 60), seed: 1);
var ml = new MLContext(seed: 1);

// ## Pairs
// Each row has an image, a question, the better answer and the worse one.
IDataView pairs = ml.Data.LoadVlm(Path.Combine(data, "train_pairs.jsonl")), unseen = ml.Data.LoadVlm(Path.Combine(data, "test_pairs.jsonl"));
Console.WriteLine(ml.Vlm().Gallery(pairs));

// ## First the answers themselves
// Preferences move a model between answers that it could give. What an answer looks like it learns before, from answers.
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl"));
var tuned = ml.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 }, MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98,
}).Fit(train);

// ## Then which of two is better
// The fine-tuned model is the start, and what every step is measured against: a reward is how much likelier than there an answer has become,
// and the margin is the reward of the better answer less that of the worse one. It begins at 0.
var curves = new RunCurves("rewards/margins", "rewards/accuracies");
var aligned = ml.Transforms.VlmDpo(tuned, new VlmDpoEstimator.Options
{
    ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Beta = 0.1, LossTypes = [DpoLossType.Sigmoid, DpoLossType.Sft], MaxEpochs = 1, BatchSize = 16, LearningRate = 5e-4, LoggingSteps = 10, Trackers = [curves],
    MetricsCallback = metrics => Console.WriteLine($"step {metrics.Step} of {metrics.TotalSteps}: loss {metrics.Loss:F3}, margin {metrics.Values["rewards/margins"]:F3}"),
}).Fit(pairs);
Console.WriteLine(curves);

// ## Both side by side
// On pairs that neither was trained on, with the chance of the rows in the intervals.
Console.WriteLine(ml.Vlm().Compare([("fine-tuned", tuned), ("aligned", aligned)], unseen, new VlmComparisonOptions
{
    LabelColumnName = "Chosen", ChosenColumnName = "Chosen", RejectedColumnName = "Rejected",
}));
