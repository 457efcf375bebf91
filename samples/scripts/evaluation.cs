#!/usr/bin/env dotnet
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../ChartFactory/ChartFactory.csproj
// Evaluation: several metrics with their intervals, and a page with the rows that went worst.
//   dotnet run samples/scripts/evaluation.cs [training questions]
using System.Runtime.CompilerServices;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

int rows = args.Length > 0 ? int.Parse(args[0]) : 2000;
string model = Path.Combine(Here(), "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 100), seed: 1);
var ml = new MLContext(seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl")), test = ml.Data.LoadVlm(Path.Combine(data, "test.jsonl"));
var trained = ml.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 }, MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98,
}).Fit(train);

// A task knows its columns and metrics; the model answers every row from image and question alone.
VlmEvaluationReport report = ml.Vlm().Evaluate(trained, test, new VlmEvaluationOptions { Task = VlmTask.ChartQa });
Console.WriteLine(report);
string page = Path.Combine(data, "evaluation.html");
report.SaveHtml(page);
Console.WriteLine($"The worst answers, with their pictures: {page}");

// Would the model answer as well without looking? The loss should be lowest with the right images.
Console.WriteLine(ml.Vlm().MeasureImageDependence(trained, train, rows: 8));

static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
