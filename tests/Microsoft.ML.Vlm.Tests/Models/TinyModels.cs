using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Tests.Models;

/// <summary>Small random models and rows for tests that need no reference pack.</summary>
internal static class TinyModels
{
    public const int ImageToken = 5;

    /// <summary>Tiles of 8x8 pixels in patches of 2 and squares of 2x2 patches: 4 tokens a tile; grouped heads; an untied head.</summary>
    public static SmolVlmConfig Config { get; } = new()
    {
        ModelType = "smolvlm",
        ScaleFactor = 2,
        ImageTokenId = ImageToken,
        Text = new LlamaConfig
        {
            ModelType = "llama",
            VocabularySize = 40,
            HiddenSize = 24,
            IntermediateSize = 32,
            LayerCount = 2,
            HeadCount = 4,
            KeyValueHeadCount = 2,
            HeadSize = 6,
        },
        Vision = new SiglipVisionConfig { HiddenSize = 16, IntermediateSize = 24, LayerCount = 2, HeadCount = 2, ImageSize = 8, PatchSize = 2 },
    };

    public static SmolVlmModel Create(int seed = 1) => SmolVlmInitializer.Create(Config, seed);

    /// <summary>A row of <paramref name="text"/> tokens behind an image of so many tiles.</summary>
    public static VlmSample Row(int seed, int tiles, int text)
    {
        Random random = new(seed);
        int[] tokens = [.. Enumerable.Repeat(ImageToken, 4 * tiles), .. Enumerable.Range(0, text).Select(_ => random.Next(6, 40))];
        ImageTiles[] images = tiles == 0 ? [] : [Tiles(seed, tiles)];
        ImageSpan[] spans = tiles == 0 ? [] : [new ImageSpan(0, 0, 4 * tiles)];
        return new VlmSample(tokens, [.. tokens.Select(token => token != ImageToken)], images, spans, seed);
    }

    public static ImageTiles Tiles(int seed, int count)
    {
        byte[] samples = new byte[count * 3 * 8 * 8];
        new Random(seed).NextBytes(samples);
        return new ImageTiles(0, 0, count, 8, 8, samples, new ImageNormalization([127.5f, 127.5f, 127.5f], [127.5f, 127.5f, 127.5f]), (UInt128)(uint)seed);
    }
}
