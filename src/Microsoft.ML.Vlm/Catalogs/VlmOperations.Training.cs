using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm;

public sealed partial class VlmOperations
{
    /// <summary>
    /// Shows what a run with these options would train, without data: parts of the model, layers, numbers and learning rates. It is logged too, as it is before training.
    /// </summary>
    /// <param name="options">Options of an estimator.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a target or pattern matches nothing; names the nearest names.</exception>
    /// <exception cref="InvalidDataException">The model or the adapter to go on with is damaged.</exception>
    public string DescribeTraining(VlmTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        NativeLibraryLoader.EnsureLoaded();
        VlmTransformerSettings settings = VlmTransformerSettings.From(options);
        int seed = options.Seed ?? 0;
        using VisionLanguageModel model = ModelLoader.Load(ModelLocation.Open(options, _mlContext), settings.ComputeType, settings.Quantization, ComputeDevice.Resolve(options.Device));
        using AdapterSet? adapters = TrainingSetup.Prepare(model, options, seed);
        TrainingSettings training = TrainingSetup.SettingsOf(options, seed);
        string table = TrainingTree.Describe(TrainableParameters.Of(model, adapters, training), model, training);
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(DescribeTraining));
        MLNetHost.Info(channel, table);
        return table;
    }
}
