using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class MemoryEstimateTests
{
    private static readonly ModelSize s_model = new()
    {
        KeptPerToken = 10,
        CheckpointedPerToken = 7,
        LayerPerToken = 3,
        VocabularySize = 50,
        VisionPerTile = 100,
        VisionKeptPerTile = 400,
        FeaturesPerTile = 4,
    };

    private static readonly RowSize[] s_rows = [new(0, 6, 2, 60, [(1, 2)]), new(1, 9, 3, 90, [(1, 2)]), new(2, 4, 4, 40, [(2, 3)])];

    [Fact]
    public void Sizes_add_up_as_computed_by_hand()
    {
        VlmMemoryPlan plan = new MemoryEstimate(s_model, ScalarType.Float32, 4000, 20, VisionIsFrozen: true).Plan(s_rows, new() { BatchSize = 2 }, 1 << 20, 1000);

        Assert.Equal((3, 1, 9, 3, 15), (plan.RowCount, plan.LongestRow, plan.LongestRowTokens, plan.MostTiles, plan.LargestBatchTokens));
        Assert.Equal((80, 80, 160), (plan.TrainedBytes, plan.GradientBytes, plan.OptimizerBytes));
        // 15 tokens of 4 bytes; 5 targets with 50 logits in 4 copies; 8 tiles at least; two images of 2 and 3 tiles.
        Assert.Equal((600, 420, 4000), (plan.ActivationBytes, plan.CheckpointedActivationBytes, plan.WorkingBytes));
        Assert.Equal((3200, 80, 190), (plan.VisionBytes, plan.FeatureCacheBytes, plan.PreparedRowBytes));
        Assert.Equal(1000 + 4000 + 320 + 80 + 190 + 4600, plan.PeakBytes);
        Assert.Equal(plan.PeakBytes - 180, plan.PeakBytesWithCheckpointing);
        Assert.Contains("largest batch 15 tokens", plan.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_gpu_the_plan_tells_what_comes_there_and_what_is_free()
    {
        VlmMemoryPlan plan = new MemoryEstimate(s_model, ScalarType.Float32, 4000, 20, VisionIsFrozen: true).Plan(s_rows, new() { BatchSize = 2 }, 1 << 20, 1000);
        Assert.DoesNotContain("device", plan.ToString(), StringComparison.Ordinal);

        // Neither what the process takes by itself nor the prepared rows.
        Assert.Equal(plan.PeakBytes - 1000 - 190, plan.DevicePeakBytes);
        string text = (plan with { Device = "cuda:0 (a GPU, 80 MiB)", DeviceFreeBytes = 64L << 20 }).ToString();
        Assert.Contains("on cuda:0 (a GPU, 80 MiB):", text, StringComparison.Ordinal);
        Assert.Contains("64.0 MiB", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_behind_a_shared_prompt_see_its_keys_and_values_each()
    {
        ModelSize model = s_model with { LayerSeenPerToken = 2, LayerAttentionPerToken = 5, LayerCount = 3 };
        RowSize[] rows = [s_rows[0] with { SeenTokens = 8 }];
        VlmMemoryPlan plan = new MemoryEstimate(model, ScalarType.Float32, 4000, 20, VisionIsFrozen: true) { LogitsCopies = 6, ReferenceBytes = 700 }.Plan(rows, new(), 0, 0);
        // 6 tokens of 10 numbers, and in 3 layers 8 of 2 numbers; 2 targets with 50 logits in 6 copies.
        Assert.Equal((240 + 192, 168 + 64, 2400, 700), (plan.ActivationBytes, plan.CheckpointedActivationBytes, plan.WorkingBytes, plan.ReferenceBytes));

        // Attention in float32 beside layers in 16 bits keeps what it computes with.
        VlmMemoryPlan narrow = new MemoryEstimate(model, ScalarType.BFloat16, 4000, 20, VisionIsFrozen: true) { WidensAttention = true }.Plan(rows, new(), 0, 0);
        Assert.Equal((120 + 192 + 360, 84 + 64 + 120), (narrow.ActivationBytes, narrow.CheckpointedActivationBytes));
    }

    [Fact]
    public void Settings_that_save_memory_are_seen()
    {
        MemoryEstimate estimate = new(s_model, ScalarType.BFloat16, 4000, 20, VisionIsFrozen: false);
        VlmMemoryPlan plan = estimate.Plan(s_rows, new() { MaxTokensPerBatch = 9, GradientCheckpointing = true, Optimizer = OptimizerKind.AdamW8Bit }, 100, 0);
        // One row of 9 tokens in 2 bytes, whose image's 2 tiles are kept for the way back; nothing is cached where the tower trains.
        Assert.Equal((9, (9 * 7 * 2) + 1600, 0, 0, 40, 100), (plan.LargestBatchTokens, plan.ActivationBytes, plan.VisionBytes, plan.FeatureCacheBytes, plan.OptimizerBytes, plan.PreparedRowBytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => estimate.Plan([], new(), 100, 0));
    }

    [Fact]
    public void A_model_s_sizes_follow_from_its_configuration()
    {
        // Hidden 24, wide 32, queries 24, keys 12, 2 layers; 16 patches of 16, wide 24, 2 layers; 4 tokens a tile.
        ModelSize size = ModelSize.Of(Tests.Models.TinyModels.Config, rank: 2, isByHand: true);
        const long layer = 14 + 48 + 24 + 64 + 48;
        Assert.Equal((2 * layer, 48 + layer, 160 + 96, 40), (size.KeptPerToken, size.CheckpointedPerToken, size.LayerPerToken, size.VocabularySize));
        Assert.Equal((16 * (48 + 48), 16 * 2 * (144 + 48), 96), (size.VisionPerTile, size.VisionKeptPerTile, size.FeaturesPerTile));
        Assert.True(ModelSize.Of(Tests.Models.TinyModels.Config, rank: 2, isByHand: false).KeptPerToken > size.KeptPerToken);
        Assert.Throws<NotSupportedException>(() => ModelSize.Of(new OtherConfig { ModelType = "other" }, 0, true));
    }

    private sealed record OtherConfig : ModelConfig;
}
