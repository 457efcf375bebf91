#!/usr/bin/env dotnet
// dotnet run samples/scripts/evaluation.cs [training questions]
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../ChartFactory/ChartFactory.csproj

// # Evaluation
// Several metrics with their intervals, the rows that went worst with their pictures, and whether the model looks at the pictures at all.
using System.IO;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

int rows = args.Length > 0 ? int.Parse(args[0]) : 2000;
string here = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string model = Path.Combine(here, "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 100), seed: 1);
var ml = new MLContext(seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl")), test = ml.Data.LoadVlm(Path.Combine(data, "test.jsonl"));

// ## A model to evaluate
// The loss on rows that are held out is measured while training. It falls with that of training until the model begins to learn rows by heart.
var curves = new RunCurves();
var trained = ml.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 }, MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98,
    EvaluationData = test, EvalStrategy = EvalStrategy.Steps, EvalSteps = 10, LoggingSteps = 10, Trackers = [curves],
}).Fit(train);
Console.WriteLine(curves);

// ## A task
// A task knows its columns and metrics; the model answers every row from image and question alone.
// ChartQA's task also asks for a single word behind each question, for models that have to be told. This one has learned from bare questions, so it gets them bare.
VlmEvaluationReport report = ml.Vlm().Evaluate(trained, test, new VlmEvaluationOptions { Task = VlmTask.ChartQa, PromptSuffix = "" });
Console.WriteLine(report);

// ## Kept for later
// The numbers for programs, and a page with sixty of the worst rows for people. It needs no other file.
report.SaveJson(Path.Combine(data, "evaluation.json"));
report.SaveHtml(Path.Combine(data, "evaluation.html"));
Console.WriteLine($"relaxed accuracy {report["relaxed_accuracy"].Score.Mean:P1}");

// ## Does it look?
// The loss on right answers with the rows' own images, with blank ones and with those of other rows. It should be lowest with its own.
Console.WriteLine(ml.Vlm().MeasureImageDependence(trained, test, rows: 8));
