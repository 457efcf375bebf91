using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Tests.Models;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class TrainableParametersTests
{
    [Fact]
    public void B_and_vectors_learn_faster_and_parts_at_their_own_rates()
    {
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions
        {
            TargetModules = ["q_proj"],
            UseDora = true,
            Bias = LoraBias.AdaptedOnly,
            ModulesToSave = ["connector"],
        }, 1);
        TrainingSettings settings = new() { LearningRate = 1e-3, VisionLearningRate = 1e-4, ConnectorLearningRate = 5e-4, LearningRateRatio = 16 };
        TrainableParameter[] parameters = TrainableParameters.Of(model, adapters, settings);
        double scaleOf(string end) => parameters.Single(parameter => parameter.Name.EndsWith(end, StringComparison.Ordinal)).LearningRateScale;
        Assert.Equal(1, scaleOf("text_model.layers.0.self_attn.q_proj.lora_A.weight"), 12);
        Assert.Equal(16, scaleOf("text_model.layers.0.self_attn.q_proj.lora_B.weight"), 12);
        Assert.Equal(16, scaleOf("text_model.layers.1.self_attn.q_proj.lora_magnitude_vector"), 12);
        Assert.Equal(0.1, scaleOf("vision_model.encoder.layers.1.self_attn.q_proj.lora_A.weight"), 12);
        Assert.Equal(1.6, scaleOf("vision_model.encoder.layers.1.self_attn.q_proj.base_layer.bias"), 12);
        Assert.Equal(0.5, scaleOf("connector.modality_projection.proj.weight"), 12);
    }

    [Fact]
    public void Weights_of_a_part_have_its_rate_in_full_fine_tuning()
    {
        using SmolVlmModel model = TinyModels.Create();
        TrainableParameter[] parameters = TrainableParameters.Of(model, null, new TrainingSettings { LearningRate = 1e-3, VisionLearningRate = 1e-4 });
        Assert.Equal(model.Weights.Count, parameters.Length);
        Assert.All(parameters, parameter => Assert.Equal(parameter.Name.Contains("vision_model", StringComparison.Ordinal) ? 0.1 : 1, parameter.LearningRateScale, 12));
    }

    [Fact]
    public void A_tensor_without_gradient_is_an_error_that_names_it()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["regex:.*(layers\\.0\\.self_attn\\.q_proj)"] }, 1);
        TrainableParameter[] parameters = TrainableParameters.Of(model, adapters, new TrainingSettings());
        foreach (TrainableParameter parameter in parameters.Where(parameter => parameter.Name.Contains("text_model", StringComparison.Ordinal)))
        {
            parameter.Value.sum().backward();
        }
        TrainableParameters.CheckGradients(parameters, model, hadImages: false);
        string message = Assert.Throws<InvalidOperationException>(() => TrainableParameters.CheckGradients(parameters, model, hadImages: true)).Message;
        Assert.StartsWith("2 of 4 tensors", message, StringComparison.Ordinal);
        Assert.Contains("vision_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_shows_parts_layers_counts_and_rates()
    {
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 2, TargetModules = ["regex:.*text_model.*q_proj"], ModulesToSave = ["connector"] }, 1);
        TrainingSettings settings = new() { LearningRate = 1e-3, ConnectorLearningRate = 1e-4 };
        string[] lines = TrainingTree.Describe(TrainableParameters.Of(model, adapters, settings), model, settings).Split('\n');
        Assert.Equal(6, lines.Length);

        // Two layers, A [2, 24] and B [24, 2]; the connector maps 4 * 16 to 24.
        Assert.StartsWith("what trains: 1,728 numbers in 5 tensors, ", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^  vision \([\d,]+ numbers\): frozen$", lines[1]);
        Assert.Equal("  connector (1,536 numbers): 1,536 train", lines[2]);
        Assert.Equal("    model.connector.modality_projection.proj.weight whole: 1,536 in 1, learning rate 0.0001", lines[3]);
        Assert.Matches(@"^  language \([\d,]+ numbers\): 192 train$", lines[4]);
        Assert.Equal("    model.text_model.layers.0-1.self_attn.q_proj LoRA: 192 in 4, learning rate 0.001", lines[5]);
    }
}
