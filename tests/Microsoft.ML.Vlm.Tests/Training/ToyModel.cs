using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

/// <summary>The smallest thing that trains like a model: embedding, one residual linear layer, a head; a linear layer as vision tower, two features a tile.</summary>
internal sealed class ToyModel : VisionLanguageModel
{
    private const int Width = 6;
    private readonly Dictionary<string, Weight> _weights;
    private readonly Dictionary<string, Linear> _linears;

    public ToyModel(int seed = 1)
    {
        using var scope = NewDisposeScope();
        using Generator generator = new((ulong)seed);
        Weight Create(string name, params long[] shape) => new(name, randn(shape, generator: generator).div_(3).DetachFromDisposeScope());
        _weights = new Weight[]
        {
            Create("embed.weight", VocabularySize, Width), Create("layer.q_proj.weight", Width, Width), Create("layer.q_proj.bias", Width),
            Create("vision.fc.weight", 2 * Width, 12), Create("lm_head.weight", VocabularySize, Width),
        }.ToDictionary(weight => weight.Name);
        _linears = new Linear[]
        {
            new("layer.q_proj", _weights["layer.q_proj.weight"], _weights["layer.q_proj.bias"]),
            new("vision.fc", _weights["vision.fc.weight"], null), new("lm_head", _weights["lm_head.weight"], null),
        }.ToDictionary(linear => linear.Path);
    }

    public int EncodedTiles { get; private set; }

    public override ScalarType ComputeType => ScalarType.Float32;

    public override int TokensPerTile => 2;

    public override int VocabularySize => 11;

    public override IReadOnlyDictionary<string, Weight> Weights => _weights;

    public override IReadOnlyDictionary<string, Linear> Linears => _linears;

    public override string HeadPath => "lm_head";

    public override ModelRole RoleOf(string path) => path.StartsWith("vision", StringComparison.Ordinal) ? ModelRole.Vision : ModelRole.Language;

    public override Tensor EncodeImages(Tensor tiles)
    {
        EncodedTiles += (int)tiles.size(0);
        return _linears["vision.fc"].Forward(tiles.flatten(1)).view(-1, Width);
    }

    public override Tensor Forward(VlmBatch batch, Tensor? imageFeatures, KeyValueCache? cache = null)
    {
        Tensor hidden = Aten.Embedding(_weights["embed.weight"].Value, batch.Tokens);
        if (imageFeatures is not null)
        {
            hidden = hidden.index_copy(0, batch.ImagePositions, imageFeatures.index_select(0, batch.FeatureRows));
        }
        return hidden + _linears["layer.q_proj"].Forward(hidden).tanh();
    }

    public override Tensor Head(Tensor hidden) => _linears["lm_head"].Forward(hidden);

    public override KeyValueCache CreateCache(int examples, int capacity) => new(1, examples, capacity, 1, Width, ComputeType);

    /// <summary>Whether two tensors have the same bits.</summary>
    public static bool Same(Tensor left, Tensor right) => left.data<float>().SequenceEqual(right.data<float>());

    /// <summary>A row of text tokens; the last <paramref name="targets"/> are trained on.</summary>
    public static VlmSample Text(long row, int targets, params int[] tokens)
        => new(tokens, [.. tokens.Select((_, index) => index >= tokens.Length - targets)], [], [], row);

    /// <summary>A row of one image and two tokens behind it, which are trained on.</summary>
    public static VlmSample WithImage(long row, byte content, params int[] answer)
        => new([10, 10, .. answer], [false, false, .. answer.Select(_ => true)], [Image(content)], [new ImageSpan(0, 0, 2)], row);

    /// <summary>An image of one tile of 2 x 2 pixels.</summary>
    public static ImageTiles Image(byte content)
        => new(0, 0, 1, 2, 2, [.. Enumerable.Range(0, 12).Select(index => (byte)(content * (index + 1)))], new ImageNormalization([127.5f, 127.5f, 127.5f], [127.5f, 127.5f, 127.5f]), content);
}
