using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Cross entropy of a row of logits, which its gradient replaces.</summary>
internal static unsafe class CrossEntropyKernel
{
    // Sums of a block are float32, sums of blocks double: a row of 50,000 terms keeps its digits.
    private const int Block = 4096;

    /// <summary>
    /// With p = softmax(z): loss = logsumexp(z) - z[t], entropy = logsumexp(z) - Σ p z; z becomes scale (p - onehot(t)).
    /// </summary>
    /// <param name="z">Logits, <paramref name="width"/> of them.</param>
    /// <param name="width">Vocabulary.</param>
    /// <param name="target">t.</param>
    /// <param name="scale">Factor of the gradient.</param>
    /// <param name="entropy">In nats.</param>
    /// <param name="isCorrect">Whether no logit is greater than the target's, and none before it equal.</param>
    /// <returns>The loss in nats.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<T>(T* z, long width, long target, float scale, out double entropy, out bool isCorrect)
        where T : unmanaged, IElement<T>
    {
        float goal = Lanes<T>.Load(z + target, 1)[0];
        float most = SoftmaxKernel.Greatest(SoftmaxKernel.Peak(z, width));
        isCorrect = goal >= most && !(SoftmaxKernel.Greatest(SoftmaxKernel.Peak(z, target)) >= goal);

        Vector512<float> peak = Vector512.Create(most);
        double sum = 0, weighted = 0;
        for (long block = 0; block < width; block += Block)
        {
            Vector512<float> powers = Vector512<float>.Zero, products = Vector512<float>.Zero;
            long i = block, end = Math.Min(width, block + Block);
            for (; i + 16 <= end; i += 16)
            {
                AddPower(T.Load(z + i) - peak, ref powers, ref products);
            }
            if (i < end)
            {
                AddPower(Lanes<T>.Load(z + i, end - i, float.NegativeInfinity) - peak, ref powers, ref products);
            }
            sum += Vector512.Sum(powers);
            weighted += Vector512.Sum(products);
        }

        Vector512<float> factor = Vector512.Create((float)(scale / sum));
        long k = 0;
        for (; k + 16 <= width; k += 16)
        {
            T.Store(VectorMath.Exp(T.Load(z + k) - peak) * factor, z + k);
        }
        if (k < width)
        {
            Lanes<T>.Store(VectorMath.Exp(Lanes<T>.Load(z + k, width - k) - peak) * factor, z + k, width - k);
        }
        double probability = Math.Exp(goal - most) / sum;
        Lanes<T>.Store(Vector512.Create((float)(scale * (probability - 1))), z + target, 1);

        double logSum = Math.Log(sum);
        entropy = logSum - (weighted / sum);
        return logSum + most - goal;
    }

    // A logit of minus infinity has no power and, by the limit, no product.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPower(Vector512<float> distance, ref Vector512<float> powers, ref Vector512<float> products)
    {
        Vector512<float> power = VectorMath.Exp(distance);
        powers += power;
        products += Vector512.ConditionalSelect(Vector512.Equals(power, Vector512<float>.Zero), Vector512<float>.Zero, power * distance);
    }
}
