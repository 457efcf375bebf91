#!/usr/bin/env dotnet
// dotnet run samples/scripts/first-fine-tune.cs [training questions]
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../ChartFactory/ChartFactory.csproj

// # A first fine-tune
// A tiny model learns to answer questions about charts, in about a minute on one core.
// With a checkpoint of the hub and data of your own the steps are the same.
using System.IO;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

int rows = args.Length > 0 ? int.Parse(args[0]) : 3000;
string here = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string model = Path.Combine(here, "..", "Charts", "model");
var ml = new MLContext(seed: 1);

// ## The rows
// Charts are drawn here. With data of your own `LoadVlm` takes a folder, a Parquet file, or the id of a data set on the hub,
// and finds out which columns are images, questions and answers.
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 100), seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl")), test = ml.Data.LoadVlm(Path.Combine(data, "test.jsonl"));
Console.WriteLine(train.DescribeVlmColumns());
Console.WriteLine(ml.Vlm().Gallery(train));

// ## Before
// The model has seen captions of charts, but nobody has taught it to answer.
var untrained = ml.Transforms.ApplyVlm(new VlmScoringEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
}).Fit(test);
Console.WriteLine(ml.Vlm().Evaluate(untrained.Transform(test), labelColumnName: "Label", metric: VlmMetric.ExactMatch));

// ## Training
// Small adapters beside the language model's layers learn; the model itself stays as it is. The loss is that of the answers alone.
var curves = new RunCurves("loss", "mean_token_accuracy");
var trained = ml.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 },
    MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98, LoggingSteps = 10, Trackers = [curves],
    MetricsCallback = metrics => Console.WriteLine($"step {metrics.Step} of {metrics.TotalSteps}: loss {metrics.Loss:F3}"),
}).Fit(train);
Console.WriteLine(curves);

// ## After
// The same questions again, about charts that were not trained on.
Console.WriteLine(ml.Vlm().Evaluate(trained.Transform(test), labelColumnName: "Label", metric: VlmMetric.ExactMatch));
Console.WriteLine(ml.Vlm().Gallery(trained.Transform(ml.Data.TakeRows(test, 10)), rows: 10));

// ## Keeping it
// One file for ML.NET, and a folder that PEFT, vLLM and others read.
ml.Model.Save(trained, train.Schema, Path.Combine(data, "model.zip"));
trained.SaveAdapter(Path.Combine(data, "adapter"));
Console.WriteLine(string.Join(", ", Directory.GetFiles(Path.Combine(data, "adapter")).Select(Path.GetFileName).Order()));
