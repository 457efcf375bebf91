#!/usr/bin/env dotnet
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../../src/Microsoft.ML.Vlm.Dpo/Microsoft.ML.Vlm.Dpo.csproj
#:project ../ChartFactory/ChartFactory.csproj
// Preferences: a model that answers already learns to prefer right and short answers to wrong and rambling ones.
//   dotnet run samples/scripts/dpo.cs [training questions]
using System.Runtime.CompilerServices;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Dpo;

int rows = args.Length > 0 ? int.Parse(args[0]) : 2000;
string model = Path.Combine(Here(), "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 60), seed: 1);
var ml = new MLContext(seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl"));
IDataView pairs = ml.Data.LoadVlm(Path.Combine(data, "train_pairs.jsonl")), unseen = ml.Data.LoadVlm(Path.Combine(data, "test_pairs.jsonl"));

// First the answers themselves.
var tuned = ml.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 }, MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98,
}).Fit(train);

// Then which of two is better. The fine-tuned model is the start, and what every step is measured against.
var aligned = ml.Transforms.VlmDpo(tuned, new VlmDpoEstimator.Options
{
    ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Beta = 0.1, LossTypes = [DpoLossType.Sigmoid, DpoLossType.Sft], MaxEpochs = 1, BatchSize = 16, LearningRate = 5e-4, LoggingSteps = 20,
    MetricsCallback = metrics => Console.WriteLine($"step {metrics.Step} of {metrics.TotalSteps}: loss {metrics.Loss:F3}, margin {metrics.Values["rewards/margins"]:F3}"),
}).Fit(pairs);

// Both on the same pairs, with the chance of the rows in the intervals.
Console.WriteLine(ml.Vlm().Compare([("fine-tuned", tuned), ("aligned", aligned)], unseen, new VlmComparisonOptions
{
    LabelColumnName = "Chosen", ChosenColumnName = "Chosen", RejectedColumnName = "Rejected",
}));

static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
