using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;

namespace Microsoft.ML.Vlm.Models.Decoding;

/// <summary>Linear layers with the same input, computed together, in pieces that threads share.</summary>
internal sealed unsafe class DecodingStage
{
    // A piece is some microseconds of reading: long against taking it, short against waiting for the last one.
    private const int PiecesAThread = 4;
    private const long LeastBytes = 32 << 10;
    private const long MostBytes = 256 << 10;

    private readonly DecodingLinear[] _linears;
    private readonly (int Linear, long First, long End)[] _pieces;
    private readonly float*[] _inputs;
    private readonly float* _interleaved;
    private readonly Action<int> _work;
    private int _rows;

    /// <summary>Plans the pieces.</summary>
    /// <param name="linears">At least one; all of the same input width.</param>
    /// <param name="threads">Threads that will share the work.</param>
    /// <param name="mostRows">Most rows at once.</param>
    /// <param name="memory">Holds what is arranged.</param>
    public DecodingStage(DecodingLinear[] linears, int threads, int mostRows, DecodingMemory memory)
    {
        _linears = linears;
        long bytes = linears.Sum(linear => linear.Outputs * linear.RowBytes), piece = threads == 1 ? long.MaxValue : Math.Clamp(bytes / (threads * PiecesAThread), LeastBytes, MostBytes);
        _pieces = [.. linears.SelectMany((linear, index) => Cut(linear, piece).Select(range => (index, range.First, range.End)))];
        _inputs = new float*[linears.Length];
        if (linears.Any(linear => linear.IsInterleaved))
        {
            _interleaved = memory.Share("arranged", mostRows * linears[0].Inputs);
        }
        for (int index = 0; index < linears.Length; index++)
        {
            _inputs[index] = linears[index].OutlierThreshold is not null ? memory.Share($"rounded {index}", mostRows * linears[0].Inputs) : linears[index].IsInterleaved ? _interleaved : null;
        }
        _work = Work;
    }

    /// <summary>Computes all layers; each has its results afterwards.</summary>
    /// <param name="turn">Who works.</param>
    /// <param name="x"><c>[rows, in]</c>.</param>
    /// <param name="rows">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(in WorkTeam.Turn turn, float* x, int rows)
    {
        _rows = rows;
        long width = _linears[0].Inputs;
        for (int row = 0; _interleaved is not null && row < rows; row++)
        {
            MatrixVectorKernel.Arrange(x + (row * width), _interleaved + (row * width), width, isInterleaved: true);
        }
        for (int index = 0; index < _linears.Length; index++)
        {
            DecodingLinear linear = _linears[index];
            linear.Project(x, rows);
            for (int row = 0; linear.OutlierThreshold is { } threshold && row < rows; row++)
            {
                ActivationRounding.Round(x + (row * width), _inputs[index] + (row * width), width, (float)threshold);
            }
            if (linear is { OutlierThreshold: null, IsInterleaved: false })
            {
                _inputs[index] = x;
            }
        }
        turn.Run(_pieces.Length, _work);
    }

    private static IEnumerable<(long First, long End)> Cut(DecodingLinear linear, long bytes)
    {
        long count = Math.Clamp((linear.Outputs * linear.RowBytes + bytes - 1) / bytes, 1, Math.Min(linear.Outputs, WorkTeam.MostPieces / 8));
        for (long index = 0; index < count; index++)
        {
            yield return (linear.Outputs * index / count, linear.Outputs * (index + 1) / count);
        }
    }

    private void Work(int number)
    {
        (int index, long first, long end) = _pieces[number];
        _linears[index].Multiply(_inputs[index], _rows, first, end);
    }
}
