using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Training;

/// <summary>What trains in a run, each tensor with its learning rate; and the check that all of it does.</summary>
internal static class TrainableParameters
{
    private const int Listed = 5;

    /// <summary>The parameters of a run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="adapters">
    /// The adapters to train. Null trains weights: those that <see cref="Weight.MakeTrainable"/> was called on, or all when there are none.
    /// </param>
    /// <param name="settings">Learning rates.</param>
    public static TrainableParameter[] Of(VisionLanguageModel model, AdapterSet? adapters, TrainingSettings settings)
    {
        if (adapters is not null)
        {
            return [.. adapters.ToTensors().Select(pair => new TrainableParameter(pair.Key, pair.Value)).Select(parameter => Scaled(parameter, model, settings, RatioOf(parameter, settings)))];
        }
        if (!model.Weights.Values.Any(weight => weight.IsTrainable))
        {
            foreach (Weight weight in model.Weights.Values)
            {
                weight.MakeTrainable();
            }
        }
        return
        [
            .. model.Weights.Values.Where(weight => weight.IsTrainable).OrderBy(weight => weight.Name, StringComparer.Ordinal)
                .Select(weight => Scaled(new TrainableParameter(weight.Name, weight.Value), model, settings, 1)),
        ];
    }

    /// <summary>Throws unless every parameter has got a gradient. Call it once, before the first step of the optimizer.</summary>
    /// <param name="parameters">What trains.</param>
    /// <param name="model">The model.</param>
    /// <param name="hadImages">Whether the rows had images; without, nothing of vision and connector can have got one.</param>
    /// <exception cref="InvalidOperationException">Some have not; names them.</exception>
    public static void CheckGradients(IReadOnlyList<TrainableParameter> parameters, VisionLanguageModel model, bool hadImages)
    {
        string[] without =
        [
            .. parameters.Where(parameter => parameter.Value.grad is null && (hadImages || model.RoleOf(PeftKeys.PathOf(parameter.Name)) == ModelRole.Language)).Select(parameter => parameter.Name),
        ];
        if (without.Length > 0)
        {
            throw new InvalidOperationException(
                $"{without.Length} of {parameters.Count} tensors that should train got no gradient in the first step ({string.Join(", ", without.Take(Listed))}{(without.Length > Listed ? ", ..." : "")}): "
                + "the loss does not depend on them. Leave them out of the targets or the trained parts.");
        }
    }

    // PEFT's groups for LoRA+: B and everything of one dimension.
    private static double RatioOf(TrainableParameter parameter, TrainingSettings settings)
        => parameter.Name.Contains(".lora_B.", StringComparison.Ordinal) || parameter.Value.dim() == 1 ? settings.LearningRateRatio : 1;

    private static TrainableParameter Scaled(TrainableParameter parameter, VisionLanguageModel model, TrainingSettings settings, double ratio)
    {
        double? own = model.RoleOf(PeftKeys.PathOf(parameter.Name)) switch
        {
            ModelRole.Vision => settings.VisionLearningRate,
            ModelRole.Connector => settings.ConnectorLearningRate,
            _ => null,
        };
        return parameter with { LearningRateScale = ratio * ((own / settings.LearningRate) ?? 1) };
    }
}
