using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models.Decoding;

/// <summary>Tokens that are read one by one without tensors give the logits of libtorch's operations, in every form that weights and adapters take.</summary>
public sealed class TokenDecoderTests
{
    private const int Prompt = 9;
    private const int Steps = 6;

    // Both compute in float32, in another order: logits are about 1.
    private const double Tolerance = 2e-5;

    // libtorch's operations round activations to 8 bits of mantissa between the layers, and dequantized weights too; the decoder does not.
    private const double ToleranceBFloat16 = 0.04;

    /// <summary>Number formats: whether the model computes in bfloat16, and how it is quantized.</summary>
    public static TheoryData<bool, string> Formats
        => new MatrixTheoryData<bool, string>([false, true], ["", "nf4", "nf4 single", "fp4", "int8", "outliers", "nf4 head"]);

    [Theory]
    [MemberData(nameof(Formats))]
    public void Logits_are_those_of_the_operations(bool isNarrow, string quantization)
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = Load(isNarrow, quantization);

        // A column with an outlier in one row is not rounded in the rows beside either; the decoder looks at each row alone.
        foreach (int[] seeds in quantization == "outliers" ? (int[][])[[0], [1]] : [[0, 1]])
        {
            Compare(model, isNarrow, seeds);
        }
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, "nf4")]
    [InlineData(true, "int8")]
    public void Adapters_are_part_of_the_logits(bool isNarrow, string quantization)
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = Load(isNarrow, quantization);
        LoraOptions[] kinds =
        [
            new() { Rank = 3, Alpha = 6 }, new() { Rank = 20, Alpha = 6, UseDora = true }, new() { Rank = 4, Alpha = 4, Initialization = LoraInitialization.Pissa },
        ];
        foreach (LoraOptions options in quantization == "" ? kinds : kinds[..2])
        {
            float[] before = Logits(model, useDecoder: true, [0])[0];
            using AdapterSet adapters = LoraInjection.Inject(model, options, seed: 4);
            Disturb(adapters);
            Compare(model, isNarrow, 0, 1);
            Assert.True(Distance(before, Logits(model, useDecoder: true, [0])[0]) > 0.05);
        }
    }

    [Fact]
    public void Weights_that_train_and_a_head_of_their_own_are_read_too()
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = Load(isNarrow: true, "");
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 2, ModulesToSave = ["embed_tokens"] }, seed: 4);
        Disturb(adapters);
        Assert.NotNull(model.UntiedHead);
        Compare(model, isNarrow: true, 0, 1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nf4")]
    public void Rows_and_threads_beside_change_no_bit(string quantization)
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = Load(isNarrow: true, quantization);
        float[][] together = Logits(model, useDecoder: true, [0, 1, 2, 3]);
        Assert.Equal(together[1], Logits(model, useDecoder: true, [1])[0]);
        Assert.Equal(together[3], Logits(model, useDecoder: true, [2, 3])[1]);
        int threads = get_num_threads();
        try
        {
            set_num_threads(3);
            Assert.Equal(together[2], Logits(model, useDecoder: true, [2])[0]);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void A_full_cache_and_a_wrong_token_are_refused()
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = Load(isNarrow: false, "");
        using KeyValueCache cache = model.CreateCache(1, 1);
        using TokenDecoder decoder = model.OpenTokens(cache)!;
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Read([0], [model.VocabularySize], [0]).Length);
        Assert.Equal(model.VocabularySize, decoder.Read([0], [1], [0]).Length);
        Assert.Equal(1, cache.Length(0));
        Assert.Throws<InvalidOperationException>(() => decoder.Read([0], [1], [1]).Length);
    }

    [Fact]
    public void Where_kernels_are_off_there_is_none()
    {
        using VisionLanguageModel model = Load(isNarrow: false, "");
        using KeyValueCache cache = model.CreateCache(1, 1);
        KernelChoice.IsOff = true;
        try
        {
            Assert.Null(model.OpenTokens(cache));
        }
        finally
        {
            KernelChoice.IsOff = false;
        }
    }

    private static VisionLanguageModel Load(bool isNarrow, string quantization)
    {
        QuantOptions? options = quantization switch
        {
            "" => null,
            "nf4" => QuantOptions.Nf4,
            "nf4 single" => QuantOptions.Nf4 with { DoubleQuantization = false, BlockSize = 32 },
            "fp4" => QuantOptions.Fp4,
            "int8" => QuantOptions.Int8,
            "outliers" => QuantOptions.Int8 with { OutlierThreshold = 2 },
            _ => QuantOptions.Nf4 with { SkipModules = ["vision", "connector"] },
        };
        return ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder), isNarrow ? ScalarType.BFloat16 : ScalarType.Float32, options);
    }

    private static void Compare(VisionLanguageModel model, bool isNarrow, params int[] seeds)
    {
        float[][] expected = Logits(model, useDecoder: false, seeds), actual = Logits(model, useDecoder: true, seeds);
        for (int row = 0; row < expected.Length; row++)
        {
            Assert.InRange(Distance(expected[row], actual[row]), 0, isNarrow ? ToleranceBFloat16 : Tolerance);
        }
    }

    private static double Distance(float[] one, float[] other) => one.Zip(other).Max(pair => Math.Abs(pair.First - pair.Second));

    // Logits of all steps behind prompts of different lengths, which libtorch's operations read in both cases; the tokens are given.
    private static float[][] Logits(VisionLanguageModel model, bool useDecoder, int[] seeds)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        VlmSample[] prompts = [.. seeds.Select(seed => new VlmSample([.. Enumerable.Range(0, Prompt + seed).Select(index => Token(seed, index))], new bool[Prompt + seed], [], [], seed))];
        using KeyValueCache cache = model.CreateCache(seeds.Length, Prompt + seeds.Max() + Steps);
        using (VlmBatch batch = VlmBatch.Create(prompts, model.TokensPerTile))
        {
            model.Forward(batch, null, cache);
        }

        using TokenDecoder? decoder = useDecoder ? model.OpenTokens(cache)! : null;
        int[] rows = [.. Enumerable.Range(0, seeds.Length)];
        List<float>[] logits = [.. rows.Select(_ => new List<float>())];
        for (int step = 0; step < Steps; step++)
        {
            int[] positions = [.. seeds.Select(seed => Prompt + seed + step)], tokens = [.. seeds.Select(seed => Token(seed, Prompt + seed + step))];
            float[] all;
            if (decoder is not null)
            {
                all = decoder.Read(rows, tokens, positions).ToArray();
            }
            else
            {
                using VlmBatch batch = VlmBatch.CreateStep(tokens, positions, rows);
                all = Aten.Elements<float>(model.Head(model.Forward(batch, null, cache)).to(ScalarType.Float32).contiguous()).ToArray();
            }
            foreach (int row in rows)
            {
                logits[row].AddRange(all[(row * model.VocabularySize)..((row + 1) * model.VocabularySize)]);
            }
        }
        return [.. logits.Select(list => list.ToArray())];
    }

    private static int Token(int seed, int index) => ((seed * 31) + (index * 17)) % 250;

    // Adapters begin without effect.
    private static void Disturb(AdapterSet adapters)
    {
        using var frozen = no_grad();
        using Generator random = new(5);
        foreach (Tensor parameter in adapters.Parameters)
        {
            using Tensor noise = randn(parameter.shape, generator: random);
            parameter.add_(noise, 0.1);
        }
    }
}
