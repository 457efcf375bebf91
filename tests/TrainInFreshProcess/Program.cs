using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Dpo;

// Arguments: sft or dpo, model folder, folder with images and rows.tsv, output folder, steps, steps between checkpoints. Goes on from the newest checkpoint; prints each step when its
// checkpoint is on disk. Ends with 3 when it was asked to stop.
var mlContext = new MLContext(seed: 1);
IDataView data = mlContext.Data.LoadFromTextFile<Row>(Path.Combine(args[2], "rows.tsv"), separatorChar: '\t');
var images = mlContext.Transforms.LoadImages("Image", args[2], nameof(Row.ImagePath));
IEstimator<VlmTransformer> trainer = args[0] == "dpo"
    ? mlContext.Transforms.VlmDpo(Configure(new VlmDpoEstimator.Options { ChosenColumnName = nameof(Row.Label), DisableDropout = false }))
    : mlContext.Transforms.VlmSft(Configure(new VlmSftEstimator.Options { ModelPath = args[1] }));
try
{
    images.Append(trainer).Fit(data);
    return 0;
}
catch (OperationCanceledException exception)
{
    Console.WriteLine(exception.Message);
    return 3;
}

TOptions Configure<TOptions>(TOptions options)
    where TOptions : VlmTrainingOptions
{
    options.ModelPath = args[1];
    options.Lora = new LoraOptions { Rank = 2, Dropout = 0.2, TargetModules = ["all-linear"] };
    options.BatchSize = 2;
    options.GradientAccumulationSteps = 2;
    options.LearningRate = 0.01;
    options.MaxSteps = int.Parse(args[4], CultureInfo.InvariantCulture);
    options.LoggingSteps = 3;
    options.OutputDirectory = args[3];
    options.SaveSteps = int.Parse(args[5], CultureInfo.InvariantCulture);
    options.SaveTotalLimit = 2;
    options.ResumeFromCheckpoint = "latest";
    options.SaveCallback = checkpoint => Console.WriteLine(checkpoint.Step);
    return options;
}

internal sealed class Row
{
    [Microsoft.ML.Data.LoadColumn(0)]
    public string ImagePath { get; set; } = "";

    [Microsoft.ML.Data.LoadColumn(1)]
    public string Prompt { get; set; } = "";

    [Microsoft.ML.Data.LoadColumn(2)]
    public string Label { get; set; } = "";

    [Microsoft.ML.Data.LoadColumn(3)]
    public string Rejected { get; set; } = "";
}
