using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>One AdamW step on 8-bit moments: block by block read, updated and written back, so that float32 moments exist for 256 elements at a time only.</summary>
internal static unsafe class AdamW8BitKernel
{
    private const int BlockSize = BlockwiseQuantization.BlockSize;
    private const int BlocksOfTask = 64;

    /// <summary>Updates everything in place, with the vector code on the CPU and with torch operations elsewhere.</summary>
    /// <param name="parameter">Float32.</param>
    /// <param name="gradient">Same shape.</param>
    /// <param name="first">First moment, quantized by <see cref="DynamicMap8.Signed"/>.</param>
    /// <param name="second">Second moment, quantized by <see cref="DynamicMap8.Unsigned"/>.</param>
    /// <param name="coefficients">The numbers of the step.</param>
    public static void Step(Tensor parameter, Tensor gradient, QuantizedMoment first, QuantizedMoment second, AdamWCoefficients coefficients)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (parameter.device_type != TorchSharp.DeviceType.CPU || !parameter.is_contiguous())
        {
            StepWithTorch(parameter, gradient, first, second, coefficients);
            return;
        }
        Tensor dense = gradient.to(ScalarType.Float32).contiguous();
        fixed (float* p = Aten.Elements<float>(parameter), g = Aten.Elements<float>(dense), s1 = Aten.Elements<float>(first.Scales), s2 = Aten.Elements<float>(second.Scales))
        {
            fixed (byte* c1 = Aten.Elements<byte>(first.Codes), c2 = Aten.Elements<byte>(second.Codes))
            {
                Run(new Pointers(p, g, c1, s1, c2, s2), parameter.numel(), coefficients);
            }
        }
    }

    /// <summary>The same with torch operations.</summary>
    internal static void StepWithTorch(Tensor parameter, Tensor gradient, QuantizedMoment first, QuantizedMoment second, AdamWCoefficients k)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor m = first.Read().mul_(k.Beta1).add_(gradient * k.Gain1), v = second.Read().mul_(k.Beta2).add_(gradient * gradient * k.Gain2);
        parameter.mul_(k.Decay).sub_(k.StepSize * m / (v.sqrt() / k.SecondRoot + k.Epsilon));
        first.Write(m);
        second.Write(v);
    }

    private static void Run(Pointers pointers, long count, AdamWCoefficients coefficients)
    {
        // Blocks know nothing of each other, so that the number of threads changes no bit.
        long blocks = BlockwiseQuantization.Blocks(count), tasks = (blocks + BlocksOfTask - 1) / BlocksOfTask;
        void Task(long task)
        {
            for (long block = task * BlocksOfTask; block < Math.Min(blocks, (task + 1) * BlocksOfTask); block++)
            {
                UpdateBlock(pointers, block, (int)Math.Min(BlockSize, count - (block * BlockSize)), coefficients);
            }
        }
        if (tasks == 1 || get_num_threads() == 1)
        {
            for (long task = 0; task < tasks; task++)
            {
                Task(task);
            }
            return;
        }
        Parallel.For(0, tasks, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, Task);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UpdateBlock(Pointers pointers, long block, int count, in AdamWCoefficients k)
    {
        float* p = pointers.Parameter + (block * BlockSize), g = pointers.Gradient + (block * BlockSize);
        byte* c1 = pointers.FirstCodes + (block * BlockSize), c2 = pointers.SecondCodes + (block * BlockSize);
        float* m = stackalloc float[BlockSize], v = stackalloc float[BlockSize];
        DynamicMap8 signed = DynamicMap8.Signed, unsigned = DynamicMap8.Unsigned;
        Read(c1, signed.Values, m, count);
        Read(c2, unsigned.Values, v, count);

        int width = Vector<float>.Count, index = 0;
        float scale1 = pointers.FirstScales[block], scale2 = pointers.SecondScales[block], largest1 = 0, largest2 = 0;
        Vector<float> top1 = default, top2 = default;
        for (; index <= count - width; index += width)
        {
            Vector<float> gradient = Vector.Load(g + index);
            Vector<float> first = (Vector.Load(m + index) * scale1 * k.Beta1) + (gradient * k.Gain1);
            Vector<float> second = (Vector.Load(v + index) * scale2 * k.Beta2) + (gradient * gradient * k.Gain2);
            first.Store(m + index);
            second.Store(v + index);
            top1 = Vector.Max(top1, Vector.Abs(first));
            top2 = Vector.Max(top2, second);
            Vector<float> root = (Vector.SquareRoot(second) / k.SecondRoot) + new Vector<float>(k.Epsilon);
            ((Vector.Load(p + index) * k.Decay) - (first / root * k.StepSize)).Store(p + index);
        }
        for (; index < count; index++)
        {
            m[index] = (m[index] * scale1 * k.Beta1) + (g[index] * k.Gain1);
            v[index] = (v[index] * scale2 * k.Beta2) + (g[index] * g[index] * k.Gain2);
            largest1 = MathF.Max(largest1, MathF.Abs(m[index]));
            largest2 = MathF.Max(largest2, v[index]);
            p[index] = (p[index] * k.Decay) - (m[index] / ((MathF.Sqrt(v[index]) / k.SecondRoot) + k.Epsilon) * k.StepSize);
        }
        for (int lane = 0; lane < width; lane++)
        {
            largest1 = MathF.Max(largest1, top1[lane]);
            largest2 = MathF.Max(largest2, top2[lane]);
        }
        pointers.FirstScales[block] = largest1;
        pointers.SecondScales[block] = largest2;
        Write(m, largest1, signed, c1, count);
        Write(v, largest2, unsigned, c2, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Read(byte* codes, ReadOnlySpan<float> values, float* result, int count)
    {
        fixed (float* table = values)
        {
            for (int index = 0; index < count; index++)
            {
                result[index] = table[codes[index]];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(float* values, float scale, DynamicMap8 map, byte* codes, int count)
    {
        float divisor = scale == 0 ? 1 : scale;
        for (int index = 0; index < count; index++)
        {
            codes[index] = map.Nearest(values[index] / divisor);
        }
    }

    private readonly struct Pointers(float* parameter, float* gradient, byte* firstCodes, float* firstScales, byte* secondCodes, float* secondScales)
    {
        public float* Parameter => parameter;

        public float* Gradient => gradient;

        public byte* FirstCodes => firstCodes;

        public float* FirstScales => firstScales;

        public byte* SecondCodes => secondCodes;

        public float* SecondScales => secondScales;
    }
}
