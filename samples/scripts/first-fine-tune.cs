#!/usr/bin/env dotnet
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../ChartFactory/ChartFactory.csproj
// A first fine-tune: a tiny model learns to answer questions about charts, in a minute on one core.
//   dotnet run samples/scripts/first-fine-tune.cs [training questions]
using System.Runtime.CompilerServices;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

int rows = args.Length > 0 ? int.Parse(args[0]) : 3000;
string model = Path.Combine(Here(), "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;

// Charts are drawn here; with data of your own this is a folder, a Parquet file, or the id of a data set on the hub.
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 100), seed: 1);
var ml = new MLContext(seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl")), test = ml.Data.LoadVlm(Path.Combine(data, "test.jsonl"));
Console.WriteLine(train.DescribeVlmColumns());

// What the model says before: it has seen captions of charts, but nobody has taught it to answer.
var untrained = ml.Transforms.ApplyVlm(new VlmScoringEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
}).Fit(test);
Console.WriteLine($"before: {ml.Vlm().Evaluate(untrained.Transform(test), labelColumnName: "Label", metric: VlmMetric.ExactMatch)}");

// Small adapters beside the language model's layers learn; the model itself stays as it is.
var trained = ml.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 },
    MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98, LoggingSteps = 20,
    MetricsCallback = metrics => Console.WriteLine($"step {metrics.Step} of {metrics.TotalSteps}: loss {metrics.Loss:F3}"),
}).Fit(train);
Console.WriteLine($"after: {ml.Vlm().Evaluate(trained.Transform(test), labelColumnName: "Label", metric: VlmMetric.ExactMatch)}");

// One file for ML.NET, and a folder that PEFT, vLLM and others read.
ml.Model.Save(trained, train.Schema, Path.Combine(data, "model.zip"));
trained.SaveAdapter(Path.Combine(data, "adapter"));
Console.WriteLine($"written to {data}");

static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
