using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Inspection;

/// <summary>
/// Measures what quantizing each layer changes: rows go through the unquantized model, and every layer is quantized beside, one at a time, and applied to the same inputs.
/// </summary>
/// <param name="model">The unquantized model, without adapters; float32, so that rounding of activations is not taken for an error of the codes.</param>
/// <param name="options">Validated.</param>
internal sealed class QuantizationSurvey(VisionLanguageModel model, QuantOptions options)
{
    // Layers are quantized once for each batch: larger ones cost fewer passes over the weights.
    private const int BatchTokens = 2048;

    /// <summary>Measures.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="checkAlive">Called for each batch; throws to cancel.</param>
    /// <exception cref="ArgumentException">The options leave no layer to quantize, or name one that is not there.</exception>
    public VlmQuantizationReport Run(IReadOnlyList<VlmSample> rows, Action checkAlive)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        QuantizationPlan plan = new(options, model.RoleOf, model.HeadPath);
        plan.Check([.. model.Linears.Keys]);
        using DequantizationBuffer buffer = new();
        Probe[] probes = [.. model.Linears.Values.Where(linear => plan.Covers(linear.Path)).Select(linear => new Probe(linear, plan, buffer))];
        try
        {
            foreach (Probe probe in probes)
            {
                probe.Layer.Adapter = probe;
            }
            foreach (IReadOnlyList<VlmSample> batch in Batches(rows))
            {
                checkAlive();
                Pass(batch);
            }
        }
        finally
        {
            foreach (Probe probe in probes)
            {
                probe.Layer.Adapter = null;
            }
        }
        return new VlmQuantizationReport
        {
            Options = options,
            RowCount = rows.Count,
            TokenCount = rows.Sum(row => (long)row.Tokens.Length),
            Layers = [.. probes.Where(probe => probe.WasUsed).Select(probe => probe.Result()).OrderByDescending(layer => layer.OutputError).ThenBy(layer => layer.Path, StringComparer.Ordinal)],
        };
    }

    private void Pass(IReadOnlyList<VlmSample> rows)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using VlmBatch batch = VlmBatch.Create(rows, model.TokensPerTile, model.Device);
        Tensor hidden = model.Forward(batch, batch.Images.Count > 0 ? VisionFeatures.Encode(model, batch.Images) : null);

        // The head matters where a token is predicted.
        if (batch.Targets.size(0) > 0)
        {
            model.Head(hidden.index_select(0, batch.TargetPositions)).Dispose();
        }
    }

    private static IEnumerable<IReadOnlyList<VlmSample>> Batches(IReadOnlyList<VlmSample> rows)
    {
        List<VlmSample> batch = [];
        int tokens = 0;
        foreach (VlmSample row in rows)
        {
            if (batch.Count > 0 && tokens + row.Tokens.Length > BatchTokens)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }
            batch.Add(row);
            tokens += row.Tokens.Length;
        }
        yield return batch;
    }

    /// <summary>Stands in an adapter's place, where it sees inputs and outputs, and leaves both as they are.</summary>
    private sealed class Probe(Linear layer, QuantizationPlan plan, DequantizationBuffer buffer) : ILinearAdapter
    {
        private double _changes;
        private double _outputs;
        private double _weightError = double.NaN;
        private long _quantizedBytes;

        public Linear Layer { get; } = layer;

        public bool WasUsed => !double.IsNaN(_weightError);

        public Generator? Random => null;

        public Tensor Apply(Tensor input, Tensor output)
        {
            using var scope = NewDisposeScope();
            Tensor weight = Layer.Weight.Value;
            using IQuantizedWeight codes = plan.Quantize(weight, input.dtype, buffer);
            _quantizedBytes = codes.ByteCount;
            if (!WasUsed)
            {
                using var ofWeight = NewDisposeScope();
                Tensor wide = weight.to(ScalarType.Float32);
                _weightError = Ratio(SquaredNorm(codes.Dequantize(ScalarType.Float32).sub_(wide)), SquaredNorm(wide));
            }
            Tensor actual = CompactProduct.Of(input, codes, Layer.Bias?.As(input.dtype));
            _changes += SquaredNorm(actual - output);
            _outputs += SquaredNorm(output);
            return output;
        }

        public VlmLayerError Result()
            => new(Layer.Path, Ratio(_changes, _outputs), _weightError, _quantizedBytes, 2 * Layer.InputWidth * Layer.OutputWidth);

        private static double SquaredNorm(Tensor tensor)
        {
            using Tensor norm = linalg.vector_norm(tensor, ord: 2);
            double value = norm.to(ScalarType.Float64).item<double>();
            return value * value;
        }

        private static double Ratio(double changes, double all) => changes == 0 ? 0 : Math.Sqrt(changes / all);
    }
}
