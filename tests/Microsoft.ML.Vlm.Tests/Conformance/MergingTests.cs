using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class MergingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(4);
    private readonly string _folder;

    public MergingTests() => _folder = _data.Path("merged");

    public void Dispose() => _data.Dispose();

    public static TheoryData<LoraOptions> Adapters =>
    [
        new LoraOptions { Rank = 2 }, new LoraOptions { Rank = 2, UseDora = true, TargetModules = ["all-linear"] },
        new LoraOptions { Rank = 2, UseRsLora = true, Bias = LoraBias.All, Initialization = LoraInitialization.Pissa },
        new LoraOptions { Rank = 2, ModulesToSave = ["lm_head", "connector"] }, new LoraOptions { Rank = 2, ModulesToSave = ["embed_tokens"] },
    ];

    [Theory]
    [MemberData(nameof(Adapters))]
    public void A_merged_model_answers_as_the_adapted_one_and_needs_no_adapter(LoraOptions lora)
    {
        using VlmTransformer adapted = Fit(lora);
        MergeReport report = adapted.Merge(_folder);
        Assert.InRange(report.MeanGap, 0, 1e-4);
        Assert.True(report.AdapterEffect > 100 * report.MeanGap && report.GreedyAgreement > 0.99, report.ToString());
        Assert.Equal((Path.GetFullPath(_folder), 1), (report.Directory, report.ShardCount));

        bool isUntied = lora.ModulesToSave.Any(module => module != "connector");
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "config.json")));
        Assert.Equal(!isUntied, config.RootElement.GetProperty("tie_word_embeddings").GetBoolean());
        using (CheckpointWeights merged = CheckpointWeights.Open(_folder), stored = CheckpointWeights.Open(TinyVlm.Folder))
        {
            Assert.Equal(isUntied ? ["lm_head.weight"] : [], merged.Names.Except(stored.Names));
            Assert.Empty(stored.Names.Except(merged.Names));
        }
        using VlmTransformer alone = _ml.Transforms.ApplyVlm(VlmOptions.Applied(_folder)).Fit(_data.LoadWithImages(_ml));
        ColorData.Answer[] expected = adapted.Answers(_ml, _data.LoadWithImages(_ml)), actual = alone.Answers(_ml, _data.LoadWithImages(_ml));
        Assert.Equal(expected.Select(answer => answer.Response), actual.Select(answer => answer.Response));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 3e-4));
    }

    [Fact]
    public void In_16_bit_with_prompts_of_one_s_own_and_in_shards()
    {
        using VlmTransformer adapted = Fit(new LoraOptions { Rank = 2 });
        using MLImage image = ColorData.Image(200, 20, 20);
        MergeReport report = adapted.Merge(_folder, new MergeOptions
        {
            Precision = VlmPrecision.BFloat16,
            MaximumShardBytes = 20_000,
            Prompts = [new MergePrompt("which color?", image), new MergePrompt("a <image> and a <image>", image, image)],
        });
        Assert.True(report.ShardCount > 1 && report.MeanGap is > 0 and < 0.05, report.ToString());
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "config.json")));
        Assert.Equal("bfloat16", config.RootElement.GetProperty("dtype").GetString());
        using CheckpointWeights weights = CheckpointWeights.Open(_folder);
        Assert.All(weights.Names, name => Assert.Equal(TorchSharp.torch.ScalarType.BFloat16, weights.TypeOf(name)));
    }

    [Fact]
    public void Past_the_gap_that_is_allowed_nothing_is_left()
    {
        using VlmTransformer adapted = Fit(new LoraOptions { Rank = 2 });
        string[] before = Directory.GetFileSystemEntries(_data.Folder);
        string message = Assert.Throws<InvalidOperationException>(
            () => adapted.Merge(_folder, new MergeOptions { Precision = VlmPrecision.BFloat16, MaximumMeanGap = 1e-9 })).Message;
        Assert.Contains("was not written", message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(_data.Folder));
    }

    [Fact]
    public void A_fully_trained_model_is_written_the_same_way()
    {
        using VlmTransformer trained = _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.Lora, o.LearningRate) = (null, 1e-3))).Fit(_data.LoadWithImages(_ml));
        MergeReport report = trained.Merge(_folder);
        Assert.Null(report.AdapterEffect);
        Assert.InRange(report.MaximumGap, 0, 1e-6);
    }

    [Fact]
    public void Nothing_to_merge_and_a_folder_in_use_are_errors()
    {
        using VlmTransformer plain = _ml.Transforms.ApplyVlm(VlmOptions.Applied()).Fit(_data.LoadWithImages(_ml));
        Assert.Contains("nothing to merge", Assert.Throws<InvalidOperationException>(() => plain.Merge(_folder)).Message, StringComparison.Ordinal);
        using VlmTransformer adapted = Fit(new LoraOptions { Rank = 2 });
        Assert.Contains("exists already", Assert.Throws<InvalidOperationException>(() => adapted.Merge(_data.Folder)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => adapted.Merge(_folder, new MergeOptions { MaximumMeanGap = 0 }));
    }

    [Theory]
    [InlineData("""{ "torch_dtype": "float32", "text_config": { "torch_dtype": "float32", "tie_word_embeddings": true } }""")]
    [InlineData("""{ "dtype": "float32", "text_config": { "dtype": "float32", "tie_word_embeddings": true } }""")]
    public void Both_spellings_of_the_number_format_are_set_everywhere(string json)
    {
        string changed = ModelMerging.FormatConfig(json, VlmPrecision.BFloat16, isUntied: true);
        Assert.DoesNotContain("float32", changed.Replace("bfloat16", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("true", changed, StringComparison.Ordinal);
        Assert.Contains("tie_word_embeddings", changed.Split("text_config")[1], StringComparison.Ordinal);
    }

    private VlmTransformer Fit(LoraOptions lora) => _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.Lora, o.MaxSteps) = (lora, 3))).Fit(_data.LoadWithImages(_ml));
}
