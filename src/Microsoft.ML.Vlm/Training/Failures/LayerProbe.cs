using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training.Failures;

/// <summary>Watches all linear layers of a model while it computes, and keeps the first one that sees a value that is no finite number.</summary>
internal sealed class LayerProbe : IDisposable
{
    private readonly (Linear Layer, ILinearAdapter? Adapter)[] _layers;

    /// <summary>Begins to watch.</summary>
    public LayerProbe(VisionLanguageModel model)
    {
        _layers = [.. model.Linears.Values.Select(layer => (layer, layer.Adapter))];
        foreach ((Linear layer, ILinearAdapter? adapter) in _layers)
        {
            layer.Adapter = new Watcher(this, layer.Path, adapter);
        }
    }

    /// <summary>The first layer with such a value, and where; null as long as there is none.</summary>
    public string? FirstFault { get; private set; }

    /// <summary>Gives the layers their adapters back.</summary>
    public void Dispose() => Array.ForEach(_layers, entry => entry.Layer.Adapter = entry.Adapter);

    private sealed class Watcher(LayerProbe probe, string path, ILinearAdapter? adapter) : ILinearAdapter
    {
        public Generator? Random => adapter?.Random;

        public Tensor Apply(Tensor input, Tensor output)
        {
            if (probe.FirstFault is null && !FiniteTensors.IsFinite(input))
            {
                probe.FirstFault = $"the input of the layer '{path}'";
            }
            if (probe.FirstFault is null && !FiniteTensors.IsFinite(output))
            {
                probe.FirstFault = $"the output of the layer '{path}'";
            }
            Tensor adapted = adapter?.Apply(input, output) ?? output;
            if (probe.FirstFault is null && !FiniteTensors.IsFinite(adapted))
            {
                probe.FirstFault = $"the output of the adapter of '{path}'";
            }
            return adapted;
        }
    }
}
