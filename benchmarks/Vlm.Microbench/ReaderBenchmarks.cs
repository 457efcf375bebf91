using BenchmarkDotNet.Attributes;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Vlm.Microbench;

/// <summary>Reading a model's files and a row's text.</summary>
[MemoryDiagnoser]
public class ReaderBenchmarks
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "model");

    private VlmProcessor? _processor;

    /// <summary>Opens the tokenizer.</summary>
    [GlobalSetup]
    public void Setup()
    {
        NativeLibraryLoader.EnsureLoaded();
        _processor = VlmProcessor.Load(ModelFolder.Open(s_folder));
    }

    /// <summary>Maps the weights and makes a tensor of each.</summary>
    [Benchmark]
    public int MapWeights()
    {
        using CheckpointWeights weights = CheckpointWeights.Open(s_folder);
        foreach (string name in weights.Names)
        {
            weights.Read(name).Dispose();
        }
        return weights.Names.Count;
    }

    /// <summary>Loads the model in its own number format: nothing is copied.</summary>
    [Benchmark]
    public void LoadModel() => ModelLoader.Load(ModelFolder.Open(s_folder)).Dispose();

    /// <summary>Loads the model and converts every weight to float32.</summary>
    [Benchmark]
    public void LoadModelAsFloat32() => ModelLoader.Load(ModelFolder.Open(s_folder), ScalarType.Float32).Dispose();

    /// <summary>Token ids of a question and an answer.</summary>
    [Benchmark]
    public int Tokenize() => _processor!.Tokenizer.Encode("How many categories does the chart show, and what is their total? It shows 6 categories with a total of 312.").Length;
}
