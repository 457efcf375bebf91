using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Generation;

/// <summary>A model that counts: after token n it finds n + 1 (modulo the vocabulary) the most probable, by a logit of 5 against 0.</summary>
internal sealed class CountingModel(int vocabulary) : VisionLanguageModel
{
    private readonly Dictionary<string, Weight> _weights = [];
    private readonly Dictionary<string, Linear> _linears = [];

    /// <summary>Tokens of each call of <see cref="Forward"/>.</summary>
    public List<long[]> Calls { get; } = [];

    /// <summary>Rotary positions of each call.</summary>
    public List<long[]> Positions { get; } = [];

    public override ScalarType ComputeType => ScalarType.Float32;

    public override int TokensPerTile => 1;

    public override int VocabularySize => vocabulary;

    public override IReadOnlyDictionary<string, Weight> Weights => _weights;

    public override IReadOnlyDictionary<string, Linear> Linears => _linears;

    public override string HeadPath => "lm_head";

    public override ModelRole RoleOf(string path) => ModelRole.Language;

    public override Tensor EncodeImages(Tensor tiles) => throw new NotSupportedException();

    public override Tensor Forward(VlmBatch batch, Tensor? imageFeatures, KeyValueCache? cache = null)
    {
        Calls.Add(batch.Tokens.data<long>().ToArray());
        Positions.Add(batch.Positions.data<long>().ToArray());
        return batch.Tokens.unsqueeze(1).to(ScalarType.Float32);
    }

    public override Tensor Head(Tensor hidden)
    {
        Tensor next = hidden.to(ScalarType.Int64).add(1).remainder(vocabulary);
        return zeros(hidden.size(0), vocabulary).scatter_(1, next, full([hidden.size(0), 1], 5f));
    }

    public override KeyValueCache CreateCache(int examples, int capacity) => new(1, examples, capacity, 1, 2, ScalarType.Float32);
}
