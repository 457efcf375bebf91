using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>A matrix in the memory of its tensors, to be multiplied with a vector or some. It copies nothing: whoever opens it keeps the tensors alive.</summary>
internal abstract unsafe class VectorProduct : IDisposable
{
    private readonly MatrixRows _matrix;
    private Tensor? _scales;

    private protected VectorProduct(MatrixRows matrix) => _matrix = matrix;

    /// <summary>Rows: numbers of a result.</summary>
    public long Rows => _matrix.Count;

    /// <summary>Columns: numbers of a vector.</summary>
    public long Width => _matrix.Width;

    /// <summary>Bytes of a row, scales left out.</summary>
    public long RowBytes => _matrix.RowBytes;

    /// <summary>The order in which vectors are asked for; see <see cref="MatrixVectorKernel.Arrange"/>.</summary>
    public abstract bool IsInterleaved { get; }

    /// <summary>Magnitude below which the numbers of a vector are rounded to 8 bits first (LLM.int8); null rounds none.</summary>
    public double? OutlierThreshold { get; init; }

    /// <summary>Block scales that were made for this product and end with it; null when all are the weight's.</summary>
    public Tensor? OwnScales
    {
        init => _scales = value;
    }

    /// <summary>The matrix.</summary>
    protected ref readonly MatrixRows Matrix => ref _matrix;

    /// <summary>Opens a matrix of float32 or bfloat16.</summary>
    /// <param name="matrix"><c>[rows, columns]</c>.</param>
    /// <returns>Null for other types, other devices, and matrices that are not contiguous or too wide.</returns>
    public static VectorProduct? Over(Tensor matrix)
    {
        if (matrix.device_type != TorchSharp.DeviceType.CPU || !matrix.is_contiguous() || matrix.size(1) > MatrixVectorKernel.MostColumns)
        {
            return null;
        }
        byte* codes = Aten.Address<byte>(matrix);
        return matrix.dtype switch
        {
            ScalarType.Float32 => new VectorProduct<Float32Format>(new MatrixRows { Codes = codes, Count = matrix.size(0), Width = matrix.size(1), Bits = 32 }),
            ScalarType.BFloat16 => new VectorProduct<BFloat16Format>(new MatrixRows { Codes = codes, Count = matrix.size(0), Width = matrix.size(1), Bits = 16 }),
            _ => null,
        };
    }

    /// <summary>Opens a matrix of 4-bit codes.</summary>
    /// <param name="matrix">Codes, table and scales.</param>
    /// <param name="ownScales">The scales when they were made for this product, which takes them over.</param>
    /// <param name="body">Which body; it has to be supported.</param>
    public static VectorProduct OverFourBit(MatrixRows matrix, Tensor? ownScales, KernelBody body) => body switch
    {
        KernelBody.Vector512 => new VectorProduct<FourBitFormat<TableLookup512>>(matrix) { OwnScales = ownScales },
        KernelBody.Vector256 => new VectorProduct<FourBitFormat<TableLookup256>>(matrix) { OwnScales = ownScales },
        _ => new VectorProduct<FourBitFormat<TableLookupScalar>>(matrix) { OwnScales = ownScales },
    };

    /// <summary>Frees scales of its own.</summary>
    public void Dispose()
    {
        _scales?.Dispose();
        _scales = null;
    }

    /// <summary>Multiplies some rows; see <see cref="MatrixVectorKernel.Multiply"/>.</summary>
    public abstract void Multiply(float* x, long stride, float* y, long yStride, int vectors, long first, long end);
}

/// <summary>A matrix of a certain format.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
/// <param name="matrix">The matrix.</param>
internal sealed unsafe class VectorProduct<TFormat>(MatrixRows matrix) : VectorProduct(matrix)
    where TFormat : struct, IMatrixFormat
{
    /// <inheritdoc/>
    public override bool IsInterleaved => MatrixVectorKernel.WantsInterleaved<TFormat>(Width);

    /// <inheritdoc/>
    public override void Multiply(float* x, long stride, float* y, long yStride, int vectors, long first, long end)
        => MatrixVectorKernel.Multiply<TFormat>(Matrix, x, stride, y, yStride, vectors, first, end);
}
