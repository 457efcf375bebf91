using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Vlm;

// Arguments: model folder, folder with images and rows.tsv, output folder, steps, steps between checkpoints. Goes on from the newest checkpoint; prints each step when its checkpoint is on disk.
// Ends with 3 when it was asked to stop.
var mlContext = new MLContext(seed: 1);
IDataView data = mlContext.Data.LoadFromTextFile<Row>(Path.Combine(args[1], "rows.tsv"), separatorChar: '\t');
var pipeline = mlContext.Transforms.LoadImages("Image", args[1], nameof(Row.ImagePath)).Append(mlContext.Transforms.VlmSft(new VlmSftEstimator.Options
{
    ModelPath = args[0],
    Lora = new LoraOptions { Rank = 2, Dropout = 0.2, TargetModules = ["all-linear"] },
    BatchSize = 2,
    GradientAccumulationSteps = 2,
    LearningRate = 0.01,
    MaxSteps = int.Parse(args[3], CultureInfo.InvariantCulture),
    LoggingSteps = 3,
    OutputDirectory = args[2],
    SaveSteps = int.Parse(args[4], CultureInfo.InvariantCulture),
    SaveTotalLimit = 2,
    ResumeFromCheckpoint = "latest",
    SaveCallback = checkpoint => Console.WriteLine(checkpoint.Step),
}));
try
{
    pipeline.Fit(data);
    return 0;
}
catch (OperationCanceledException exception)
{
    Console.WriteLine(exception.Message);
    return 3;
}

internal sealed class Row
{
    [Microsoft.ML.Data.LoadColumn(0)]
    public string ImagePath { get; set; } = "";

    [Microsoft.ML.Data.LoadColumn(1)]
    public string Prompt { get; set; } = "";

    [Microsoft.ML.Data.LoadColumn(2)]
    public string Label { get; set; } = "";
}
