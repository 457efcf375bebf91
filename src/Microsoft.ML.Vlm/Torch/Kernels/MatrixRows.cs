namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Where a matrix lies in memory, and what its codes mean. The memory stays its owner's.</summary>
internal readonly unsafe struct MatrixRows
{
    /// <summary>First byte.</summary>
    public required byte* Codes { get; init; }

    /// <summary>Rows.</summary>
    public required long Count { get; init; }

    /// <summary>Numbers of a row.</summary>
    public required long Width { get; init; }

    /// <summary>Bits of a number.</summary>
    public required int Bits { get; init; }

    /// <summary>A scale for each row, or null; the sums of a row are multiplied by it and divided by <see cref="ScaleDivisor"/>.</summary>
    public float* RowScales { get; init; }

    /// <summary>What <see cref="RowScales"/> are divided by.</summary>
    public float ScaleDivisor { get; init; }

    /// <summary>The sixteen values of 4-bit codes, or null.</summary>
    public float* Table { get; init; }

    /// <summary>Numbers that share a scale, a power of two of at least 32; 0 without block scales.</summary>
    public int BlockSize { get; init; }

    /// <summary>A scale for each block, or null.</summary>
    public float* Scales { get; init; }

    /// <summary>Bytes of a row, codes alone.</summary>
    public long RowBytes => Width * Bits / 8;
}
