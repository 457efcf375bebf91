using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Decoding;

/// <summary>A linear layer for single tokens: its matrix where it lies, its bias, and its adapter as it was.</summary>
internal sealed unsafe class DecodingLinear
{
    private readonly VectorProduct _product;
    private readonly float* _bias;
    private readonly float* _a;
    private readonly float* _b;
    private readonly float* _rowFactors;
    private readonly long _rank;
    private readonly float _scale;
    private readonly float* _projected;

    private DecodingLinear(VectorProduct product, string role, Tensor? bias, FixedUpdate? update, int mostRows, DecodingMemory memory)
    {
        _product = product;
        memory.Take(product);
        Output = memory.Share(role, mostRows * product.Rows);
        _bias = bias is null ? null : memory.Copy(bias);
        if (update is not null)
        {
            (_rank, _scale) = (update.A.size(0), (float)update.Scale);
            _a = memory.Take(update.A);
            _b = memory.Take(update.B);
            _rowFactors = update.RowFactors is null ? null : memory.Take(update.RowFactors);
            _projected = memory.Share($"{role}, projected", mostRows * _rank);
        }
    }

    /// <summary>Results, one row of <see cref="Outputs"/> behind the other.</summary>
    public float* Output { get; }

    /// <summary>Numbers of a result.</summary>
    public long Outputs => _product.Rows;

    /// <summary>Numbers of an input.</summary>
    public long Inputs => _product.Width;

    /// <summary>Bytes of the matrix that a result takes.</summary>
    public long RowBytes => _product.RowBytes;

    /// <summary>The order in which <see cref="Multiply"/> wants its input.</summary>
    public bool IsInterleaved => _product.IsInterleaved;

    /// <summary>How its input is rounded; null for not at all.</summary>
    public double? OutlierThreshold => _product.OutlierThreshold;

    /// <summary>Opens a layer.</summary>
    /// <param name="linear">The layer.</param>
    /// <param name="role">What the layer is among those that are computed together.</param>
    /// <param name="mostRows">Most rows at once.</param>
    /// <param name="memory">Holds what is not the layer's.</param>
    /// <returns>Null when the kernels cannot read the weight, or the adapter cannot be frozen.</returns>
    public static DecodingLinear? Open(Linear linear, string role, int mostRows, DecodingMemory memory)
    {
        if (linear.Bias is not null && linear.Bias.Value.device_type != TorchSharp.DeviceType.CPU)
        {
            return null;
        }
        VectorProduct? product = linear.Weight.Quantized is { } codes ? codes.OpenProduct() : VectorProduct.Over(linear.Weight.Value);
        FixedUpdate? update = product is null ? null : linear.Adapter?.Freeze();
        if (product is null || (linear.Adapter is not null && update is null))
        {
            product?.Dispose();
            return null;
        }
        return new DecodingLinear(product, role, linear.Bias?.Value, update, mostRows, memory);
    }

    /// <summary>Opens a matrix without bias or adapter.</summary>
    /// <inheritdoc cref="Open(Linear, string, int, DecodingMemory)"/>
    public static DecodingLinear? Open(Tensor weight, string role, int mostRows, DecodingMemory memory)
        => VectorProduct.Over(weight) is { } product ? new DecodingLinear(product, role, null, null, mostRows, memory) : null;

    /// <summary>Computes the narrow part of the adapter, <c>scale A x</c>.</summary>
    /// <param name="x"><c>[rows, in]</c>.</param>
    /// <param name="rows">How many.</param>
    public void Project(float* x, int rows)
    {
        if (_a is not null)
        {
            LowRankKernel.Project((Float32Element*)x, _a, _projected, Inputs, _rank, _scale, 0, rows);
        }
    }

    /// <summary>Computes results <paramref name="first"/> to <paramref name="end"/> (exclusive) of each row, after <see cref="Project"/>.</summary>
    /// <param name="x">Inputs, rounded and in the order that they have to be.</param>
    /// <param name="rows">How many.</param>
    /// <param name="first">First result.</param>
    /// <param name="end">Result behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Multiply(float* x, int rows, long first, long end)
    {
        _product.Multiply(x, Inputs, Output, Outputs, rows, first, end);
        if (_a is null && _bias is null)
        {
            return;
        }
        for (int row = 0; row < rows; row++)
        {
            float* output = Output + (row * Outputs);
            if (_a is not null)
            {
                LowRankKernel.AddColumns(output, _projected + (row * _rank), _b, Outputs, _rank, first, end);
            }
            for (long index = first; index < end; index++)
            {
                output[index] = (_rowFactors is null ? output[index] : output[index] * _rowFactors[index]) + (_bias is null ? 0 : _bias[index]);
            }
        }
    }
}
