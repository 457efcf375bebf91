using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.Vlm.Torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>The 16 values that a 4-bit code stands for, and which code is nearest to a number. The same numbers, bit for bit, as in bitsandbytes.</summary>
internal sealed class FourBitCode
{
    private readonly float[] _values;
    private readonly float[] _thresholds;
    private readonly byte[] _codeOfRank;

    private FourBitCode(string name, float[] values)
    {
        Name = name;
        _values = GC.AllocateArray<float>(values.Length, pinned: true);
        values.CopyTo(_values, 0);

        // Equal values (the two zeros of FP4) stay in the order of their codes; the middle between them is 0, so that the sign decides.
        _codeOfRank = [.. Enumerable.Range(0, FourBitKernel.CodeCount).OrderBy(code => values[code]).Select(code => (byte)code)];
        _thresholds = [.. Enumerable.Range(0, FourBitKernel.CodeCount - 1).Select(rank => (values[_codeOfRank[rank]] + values[_codeOfRank[rank + 1]]) / 2)];
    }

    /// <summary>
    /// NormalFloat (Dettmers et al. 2023, appendix E): quantiles of the normal distribution, scaled to -1..1, with an exact 0. The code of a value is its rank.
    /// </summary>
    public static FourBitCode Nf4 { get; } = new("nf4",
    [
        -1f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0f,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1f,
    ]);

    /// <summary>A 4-bit floating-point number with sign, two bits of exponent and one of mantissa, divided by 12 to reach 1; the smallest magnitude is 1/192.</summary>
    public static FourBitCode Fp4 { get; } = new("fp4",
    [
        0f, 0.0052083334885537624f, 0.6666666865348816f, 1f, 0.3333333432674408f, 0.5f, 0.1666666716337204f, 0.25f,
        0f, -0.0052083334885537624f, -0.6666666865348816f, -1f, -0.3333333432674408f, -0.5f, -0.1666666716337204f, -0.25f,
    ]);

    /// <summary>Name in bitsandbytes (<c>bnb_4bit_quant_type</c>).</summary>
    public string Name { get; }

    /// <summary>The values by code.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Address of <see cref="Values"/>, for good.</summary>
    public unsafe float* PinnedValues => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_values));

    /// <summary>Middles between the values in ascending order; a number's rank is how many of them lie below it.</summary>
    public ReadOnlySpan<float> Thresholds => _thresholds;

    /// <summary>The code of each rank.</summary>
    public ReadOnlySpan<byte> CodeOfRank => _codeOfRank;
}
