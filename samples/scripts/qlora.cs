#!/usr/bin/env dotnet
#:property PublishAot=false
#:project ../../src/Microsoft.ML.Vlm/Microsoft.ML.Vlm.csproj
#:project ../ChartFactory/ChartFactory.csproj
// QLoRA: the base model in 4 bits, the adapter in 32, and the memory that it takes, predicted before anything is trained.
//   dotnet run samples/scripts/qlora.cs [training questions]
using System.Runtime.CompilerServices;
using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

int rows = args.Length > 0 ? int.Parse(args[0]) : 3000;
string model = Path.Combine(Here(), "..", "Charts", "model");
string data = Directory.CreateTempSubdirectory("charts-").FullName;
ChartSet.Write(data, trainingRows: rows, testRows: Math.Min(rows, 100), seed: 1);
var ml = new MLContext(seed: 1);
IDataView train = ml.Data.LoadVlm(Path.Combine(data, "train.jsonl")), test = ml.Data.LoadVlm(Path.Combine(data, "test.jsonl"));

var options = new VlmSftEstimator.Options
{
    ModelPath = model, Precision = VlmPrecision.Float32, ScoreColumnName = null, Generation = new GenerationOptions { MaxNewTokens = 12 }, ScoringBatchSize = 50,
    Quantization = QuantOptions.Nf4,
    Lora = new LoraOptions { Rank = 16, Alpha = 32 },
    MaxEpochs = 2, BatchSize = 32, LearningRate = 2e-3, WarmupRatio = 0.05, AdamBeta2 = 0.98, LoggingSteps = 20,
    MetricsCallback = metrics => Console.WriteLine($"step {metrics.Step} of {metrics.TotalSteps}: loss {metrics.Loss:F3}"),
};

// What 4 bits change in each layer, on the rows themselves, and what training will take.
Console.WriteLine(ml.Vlm().MeasureQuantization(train, options, rows: 4));
Console.WriteLine(ml.Vlm().Plan(train, options));

var trained = ml.Transforms.VlmSft(options).Fit(train);
Console.WriteLine(ml.Vlm().Evaluate(trained.Transform(test), labelColumnName: "Label", metric: VlmMetric.ExactMatch));

trained.SaveAdapter(Path.Combine(data, "adapter"));
Console.WriteLine($"written to {data}");

static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
