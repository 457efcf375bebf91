#!/usr/bin/env dotnet
// dotnet run samples/scripts/qlora.cs [training questions]
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../ChartFactory/ChartFactory.csproj

// # QLoRA
// The base model in 4 bits, the adapter in 32, and the memory that this takes, predicted before anything is trained.
// A large model fits where it otherwise would not; for one as small as this it changes little, which is what is measured here.
using System.IO;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

int rows = args.Length > 0 ? int.Parse(args[0]) : 3000;
string here = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string model = Path.Combine(here, "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 100), seed: 1);
var ml = new MLContext(seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl")), test = ml.Data.LoadVlm(Path.Combine(data, "test.jsonl"));
Console.WriteLine(ml.Vlm().Gallery(train));

// ## What will be trained
// `Quantization` is all that makes it QLoRA. NF4 is the 4-bit type of the paper; the layers are quantized while they are read.
var curves = new RunCurves("loss", "mean_token_accuracy");
var options = new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Quantization = QuantOptions.Nf4,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 },
    MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98, LoggingSteps = 10, Trackers = [curves],
    MetricsCallback = metrics => Console.WriteLine($"step {metrics.Step} of {metrics.TotalSteps}: loss {metrics.Loss:F3}"),
};

// ## What 4 bits change
// Each layer is run on rows of one's own, in 4 bits and as it was. Layers that suffer most can be kept in 16 bits (`KeepWorst`).
Console.WriteLine(ml.Vlm().MeasureQuantization(train, options, rows: 4));

// ## What training takes
// The memory of weights, adapter, optimizer and activations, from the rows themselves.
Console.WriteLine(ml.Vlm().Plan(train, options));

// ## Training
var trained = ml.Transforms.VlmSft(options).Fit(train);
Console.WriteLine(curves);

// ## Answers
// About charts that were not trained on.
Console.WriteLine(ml.Vlm().Evaluate(trained.Transform(test), labelColumnName: "Label", metric: VlmMetric.ExactMatch));
Console.WriteLine(ml.Vlm().Gallery(trained.Transform(ml.Data.TakeRows(test, 10)), rows: 10));

// ## Keeping it
// The adapter is a folder as PEFT writes it; it is laid on the model in 4 bits or in 16.
trained.SaveAdapter(Path.Combine(data, "adapter"));
Console.WriteLine(string.Join(", ", Directory.GetFiles(Path.Combine(data, "adapter")).Select(Path.GetFileName).Order()));
