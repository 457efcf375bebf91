using ChartFactory;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace TinyModel;

/// <summary>Measures on charts of its own which facts a model says rightly when the words before are given.</summary>
internal sealed class CaptionProbe
{
    private const int Charts = 256;
    private const int BatchSize = 32;

    private readonly List<(VlmSample Sample, (string Fact, int Token)[] Facts)> _rows = [];

    /// <summary>Draws the charts.</summary>
    public CaptionProbe(VlmProcessor processor, int seed)
    {
        var random = new SeededRandom(seed, stream: 99);
        var generator = new ChartGenerator(random);
        for (int row = 0; row < Charts; row++)
        {
            Chart chart = generator.Next();
            string caption = ChartCaptions.Write(chart, random);
            _rows.Add((CaptionSource.CreateSample(processor, chart, caption, row), [.. CaptionFacts.Find(processor.Tokenizer, chart, caption)]));
        }
    }

    /// <summary>Part of the facts of each kind that the model rates highest, 0 to 1.</summary>
    public SortedDictionary<string, double> Measure(VisionLanguageModel model)
    {
        Dictionary<string, List<bool>> outcomes = [];
        foreach ((VlmSample Sample, (string Fact, int Token)[] Facts)[] rows in _rows.Chunk(BatchSize))
        {
            bool[] isRight = Predict(model, [.. rows.Select(row => row.Sample)]);
            int start = 0;
            foreach ((VlmSample sample, (string Fact, int Token)[] facts) in rows)
            {
                foreach ((string fact, int token) in facts)
                {
                    outcomes.TryAdd(fact, []);
                    outcomes[fact].Add(isRight[start + token]);
                }
                start += sample.TargetCount;
            }
        }
        return new(outcomes.ToDictionary(outcome => outcome.Key, outcome => outcome.Value.Average(isRight => isRight ? 1.0 : 0)), StringComparer.Ordinal);
    }

    private static bool[] Predict(VisionLanguageModel model, VlmSample[] samples)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var batch = VlmBatch.Create(samples, model.TokensPerTile);
        Tensor hidden = model.Forward(batch, VisionFeatures.Encode(model, batch.Images));
        Tensor predicted = model.Head(hidden.index_select(0, batch.TargetPositions)).argmax(-1);
        return predicted.eq(batch.Targets).data<bool>().ToArray();
    }
}
