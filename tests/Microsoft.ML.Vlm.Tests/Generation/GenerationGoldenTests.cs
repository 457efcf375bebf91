using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Generation;

/// <summary>Greedy answers and log-probabilities of the reference implementation. Its answers with beams (<c>beam3_new_tokens</c>) have no counterpart here.</summary>
[Trait("Category", "Golden")]
public class GenerationGoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // Where the two best logits are closer, rounding may decide; from there on an answer says nothing. The pack's limits for float32 and bfloat16.
    private const float SmallestGap = 1e-3f, SmallestGapBFloat16 = 0.25f;

    // The pack's limits: 1e-4 for a loss; for bfloat16 0.1 on a logit.
    private const double LossTolerance = 1e-4, LossToleranceBFloat16 = 0.1;

    public static TheoryData<string> Cases => GoldenInputs.Cases();

    public static TheoryData<string> AnsweredCases => GoldenInputs.AnsweredCases();

    [Theory]
    [MemberData(nameof(AnsweredCases))]
    public void Greedy_answers_are_those_of_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using GoldenInputs inputs = GoldenInputs.Open(name);
        string folder = Reference.Path(["golden", "inputs", .. name.Split('/')]), path = Path.Combine(folder, "generate.safetensors");
        using SafetensorsFile expected = SafetensorsFile.Open(path);
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        JsonElement generate = meta.RootElement.GetProperty("generate");
        using VisionLanguageModel model = ModelLoader.Load(inputs.Model, device: TestDevice.Open(Device));
        TextGenerator generator = new(model, VlmTokenizer.Load(inputs.Model.TokenizerPath), inputs.Model.Generation);
        GenerationOptions options = new() { MaxNewTokens = generate.GetProperty("max_new_tokens").GetInt32() };
        float smallestGap = model.ComputeType == ScalarType.BFloat16 ? SmallestGapBFloat16 : SmallestGap;

        IReadOnlyList<GeneratedText> answers = generator.Generate(inputs.Samples, options);
        for (int row = 0; row < answers.Count; row++)
        {
            Assert.Equal(Unpadded(expected, row), inputs.Samples[row].Tokens.Select(token => (long)token));
            long[] tokens = expected.Read("new_tokens")[row].data<long>().ToArray();
            float[] gaps = expected.Read("top1_top2_gap")[row].data<float>().ToArray();
            int compared = gaps.TakeWhile(gap => gap > smallestGap).Count();
            bool isWhole = compared == gaps.Length || answers[row].Tokens.Count <= compared;
            Assert.Equal(tokens.Take(Math.Min(compared, answers[row].Tokens.Count)), answers[row].Tokens.Take(compared).Select(token => (long)token));
            if (isWhole)
            {
                Assert.Equal(generate.GetProperty("text_skip_special")[row].GetString(), answers[row].Text);
            }

            // One by one and in pieces, answers are the same.
            GeneratedText alone = Assert.Single(generator.Generate([inputs.Samples[row]], options));
            Assert.Equal(answers[row].Tokens.Take(compared), alone.Tokens.Take(compared));
            Assert.Equal(alone.Text, string.Concat(generator.Stream(inputs.Samples[row], options)));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Scores_are_the_mean_log_probabilities_of_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using GoldenInputs inputs = GoldenInputs.Open(name);
        using VisionLanguageModel model = ModelLoader.Load(inputs.Model, device: TestDevice.Open(Device));
        double tolerance = model.ComputeType == ScalarType.BFloat16 ? LossToleranceBFloat16 : LossTolerance;
        double[] scores = AnswerScorer.MeanLogProbabilities(model, inputs.Samples);
        Tensor losses = inputs.Forward.Read("nll");
        for (int row = 0; row < scores.Length; row++)
        {
            float[] rowLosses = losses[row].data<float>().ToArray();
            Assert.Equal(-inputs.Columns()[row].Skip(1).Average(column => rowLosses[column - 1]), scores[row], tolerance);
        }
    }

    [Fact]
    public void The_score_of_an_answer_is_the_one_it_was_generated_with()
    {
        using GoldenInputs inputs = GoldenInputs.Open("smolvlm/batch2");
        using VisionLanguageModel model = ModelLoader.Load(inputs.Model, device: TestDevice.Open(Device));
        TextGenerator generator = new(model, VlmTokenizer.Load(inputs.Model.TokenizerPath), inputs.Model.Generation);
        IReadOnlyList<GeneratedText> answers = generator.Generate(inputs.Samples, new GenerationOptions { MaxNewTokens = 6 });
        VlmSample[] answered =
        [
            .. inputs.Samples.Zip(answers, (sample, answer) => sample with
            {
                Tokens = [.. sample.Tokens, .. answer.Tokens],
                IsTarget = [.. sample.Tokens.Select(_ => false), .. answer.Tokens.Select(_ => true)],
            }),
        ];
        Assert.All(AnswerScorer.MeanLogProbabilities(model, answered).Zip(answers), pair => Assert.Equal(pair.Second.MeanLogProbability, pair.First, 1e-4));
    }

    [Fact]
    public void A_trained_language_model_tells_its_story()
    {
        string folder = Reference.Path("data/models/stories260k");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        int[] expected = [.. golden.RootElement.GetProperty("greedy_ids_from_bos").EnumerateArray().Select(id => id.GetInt32())];
        ModelFolder story = ModelFolder.Open(folder);
        using VisionLanguageModel model = ModelLoader.Load(story, device: TestDevice.Open(Device));
        // The model's own tokenizer is in another format; any other serves, as only tokens are compared.
        TextGenerator generator = new(model, VlmTokenizer.Load(Reference.Path("golden/checkpoints/smolvlm/tokenizer.json")), story.Generation);
        GeneratedText answer = Assert.Single(generator.Generate([new VlmSample([expected[0]], [false], [], [], 0)], new GenerationOptions { MaxNewTokens = expected.Length - 1 }));
        Assert.Equal(expected[1..], answer.Tokens);
    }

    private static long[] Unpadded(SafetensorsFile file, int row)
    {
        long[] ids = file.Read("prompt_input_ids")[row].data<long>().ToArray(), mask = file.Read("prompt_attention_mask")[row].data<long>().ToArray();
        return [.. ids.Where((_, index) => mask[index] == 1)];
    }
}
