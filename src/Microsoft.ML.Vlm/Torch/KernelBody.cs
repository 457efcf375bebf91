using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>The widest registers that a kernel with several bodies uses. All bodies give the same bits; tests compare them.</summary>
internal enum KernelBody
{
    /// <summary>One number at a time; every processor.</summary>
    Scalar,

    /// <summary>256 bits: AVX2.</summary>
    Vector256,

    /// <summary>512 bits: AVX-512 F.</summary>
    Vector512,
}

/// <summary>What this processor has.</summary>
internal static class KernelBodies
{
    /// <summary>The widest body.</summary>
    public static KernelBody Best { get; } = IsSupported(KernelBody.Vector512) ? KernelBody.Vector512 : IsSupported(KernelBody.Vector256) ? KernelBody.Vector256 : KernelBody.Scalar;

    /// <summary>Whether a body runs here.</summary>
    public static bool IsSupported(KernelBody body) => body switch
    {
        KernelBody.Vector512 => Avx512F.IsSupported,
        KernelBody.Vector256 => Avx2.IsSupported,
        _ => true,
    };
}
