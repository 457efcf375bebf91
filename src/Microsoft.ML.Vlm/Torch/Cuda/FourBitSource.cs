namespace Microsoft.ML.Vlm.Torch.Cuda;

/// <summary>CUDA source of the kernels on 4-bit codes. It includes nothing, so that the run-time compiler needs no headers.</summary>
internal static class FourBitSource
{
    /// <summary>The source; <see cref="Names"/> are its functions.</summary>
    /// <remarks>
    /// Two codes lie in a byte, the first one in the upper half. A scale is a float32, or, where scales are quantized, <c>map[code] * nested + offset</c>. Products and sums of
    /// scales are not contracted, so that numbers have the same bits as by torch's operations.
    /// <c>dequantize</c>: a thread makes 8 numbers, of 4 bytes of codes, and stores them at once; neighbours write side by side.
    /// <c>multiply</c>: a warp makes one number of the output; each lane reads 16 codes (8 bytes) at a time, which have one scale, as rows are multiples of 16 long.
    /// </remarks>
    public const string Text = """
        typedef unsigned char byte;
        typedef unsigned short half16;
        struct Table { float values[16]; };
        struct Scales { const float* plain; const byte* codes; const float* nested; const float* map; float offset; int shift; };

        __device__ __forceinline__ float scale_of(const Scales s, long long index)
        {
            long long block = index >> s.shift;
            return s.codes ? __fadd_rn(__fmul_rn(__ldg(s.map + s.codes[block]), __ldg(s.nested + (block >> 8))), s.offset) : __ldg(s.plain + block);
        }

        __device__ __forceinline__ void store(float* p, const float* v)
        {
            reinterpret_cast<float4*>(p)[0] = make_float4(v[0], v[1], v[2], v[3]);
            reinterpret_cast<float4*>(p)[1] = make_float4(v[4], v[5], v[6], v[7]);
        }

        struct BFloat16 { half16 bits; };
        struct Float16 { half16 bits; };

        __device__ __forceinline__ unsigned bfloat16_of(float value)
        {
            unsigned bits = __float_as_uint(value);
            return (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        }

        __device__ __forceinline__ unsigned float16_of(float value)
        {
            half16 bits;
            asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
            return bits;
        }

        __device__ __forceinline__ void set(float* p, float v) { *p = v; }
        __device__ __forceinline__ void set(BFloat16* p, float v) { p->bits = (half16)bfloat16_of(v); }
        __device__ __forceinline__ void set(Float16* p, float v) { p->bits = (half16)float16_of(v); }

        __device__ __forceinline__ void store(BFloat16* p, const float* v)
        {
            unsigned w[4];
            for (int i = 0; i < 4; i++) w[i] = bfloat16_of(v[2 * i]) | (bfloat16_of(v[2 * i + 1]) << 16);
            *reinterpret_cast<uint4*>(p) = make_uint4(w[0], w[1], w[2], w[3]);
        }

        __device__ __forceinline__ void store(Float16* p, const float* v)
        {
            unsigned w[4];
            for (int i = 0; i < 4; i++) w[i] = float16_of(v[2 * i]) | (float16_of(v[2 * i + 1]) << 16);
            *reinterpret_cast<uint4*>(p) = make_uint4(w[0], w[1], w[2], w[3]);
        }

        template <typename T> __device__ __forceinline__ void dequantize(const byte* codes, const Scales scales, const Table table, T* output, long long count)
        {
            __shared__ float values[16];
            if (threadIdx.x < 16) values[threadIdx.x] = table.values[threadIdx.x];
            __syncthreads();
            long long whole = count >> 3, stride = (long long)gridDim.x * blockDim.x;
            for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < whole; i += stride)
            {
                unsigned packed = __ldcs(reinterpret_cast<const unsigned*>(codes) + i);
                float scale = scale_of(scales, i << 3), v[8];
                #pragma unroll
                for (int b = 0; b < 4; b++)
                {
                    unsigned pair = (packed >> (8 * b)) & 255u;
                    v[2 * b] = values[pair >> 4] * scale;
                    v[2 * b + 1] = values[pair & 15u] * scale;
                }
                store(output + (i << 3), v);
            }
            if (blockIdx.x == 0)
            {
                for (long long i = (whole << 3) + threadIdx.x; i < count; i += blockDim.x)
                {
                    unsigned pair = codes[i >> 1];
                    set(output + i, values[(i & 1) ? pair & 15u : pair >> 4] * scale_of(scales, i));
                }
            }
        }

        __device__ __forceinline__ void load(const float* p, float* v)
        {
            #pragma unroll
            for (int i = 0; i < 4; i++)
            {
                float4 part = __ldg(reinterpret_cast<const float4*>(p) + i);
                v[4 * i] = part.x; v[4 * i + 1] = part.y; v[4 * i + 2] = part.z; v[4 * i + 3] = part.w;
            }
        }

        __device__ __forceinline__ void load(const BFloat16* p, float* v)
        {
            #pragma unroll
            for (int i = 0; i < 2; i++)
            {
                uint4 part = __ldg(reinterpret_cast<const uint4*>(p) + i);
                unsigned w[4] = { part.x, part.y, part.z, part.w };
                #pragma unroll
                for (int j = 0; j < 4; j++)
                {
                    v[8 * i + 2 * j] = __uint_as_float(w[j] << 16);
                    v[8 * i + 2 * j + 1] = __uint_as_float(w[j] & 0xFFFF0000u);
                }
            }
        }

        template <typename T> __device__ __forceinline__ void multiply(const byte* codes, const Scales scales, const Table table, const T* input, T* output, long long outputs, int width)
        {
            __shared__ float values[16];
            if (threadIdx.x < 16) values[threadIdx.x] = table.values[threadIdx.x];
            __syncthreads();
            long long row = (long long)blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5);
            if (row >= outputs) return;
            int lane = threadIdx.x & 31;
            const T* x = input + (long long)blockIdx.y * width;
            float sum = 0;
            for (int k = lane * 16; k < width; k += 512)
            {
                long long index = row * width + k;
                uint2 packed = __ldg(reinterpret_cast<const uint2*>(codes + (index >> 1)));
                float scale = scale_of(scales, index), v[16], part = 0;
                load(x + k, v);
                #pragma unroll
                for (int b = 0; b < 4; b++)
                {
                    unsigned pair = (packed.x >> (8 * b)) & 255u;
                    part += values[pair >> 4] * v[2 * b] + values[pair & 15u] * v[2 * b + 1];
                }
                #pragma unroll
                for (int b = 0; b < 4; b++)
                {
                    unsigned pair = (packed.y >> (8 * b)) & 255u;
                    part += values[pair >> 4] * v[8 + 2 * b] + values[pair & 15u] * v[9 + 2 * b];
                }
                sum += part * scale;
            }
            #pragma unroll
            for (int distance = 16; distance > 0; distance >>= 1) sum += __shfl_xor_sync(0xFFFFFFFFu, sum, distance);
            if (lane == 0) set(output + (long long)blockIdx.y * outputs + row, sum);
        }

        #define DEQUANTIZE(name, type) extern "C" __global__ void __launch_bounds__(256) name(const byte* codes, Scales scales, Table table, type* output, long long count) \
            { dequantize(codes, scales, table, output, count); }
        #define MULTIPLY(name, type) extern "C" __global__ void __launch_bounds__(256) name( \
            const byte* codes, Scales scales, Table table, const type* input, type* output, long long outputs, int width) \
            { multiply(codes, scales, table, input, output, outputs, width); }

        DEQUANTIZE(dequantize_float32, float)
        DEQUANTIZE(dequantize_bfloat16, BFloat16)
        DEQUANTIZE(dequantize_float16, Float16)
        MULTIPLY(multiply_float32, float)
        MULTIPLY(multiply_bfloat16, BFloat16)
        """;

    /// <summary>Its functions.</summary>
    public static IReadOnlyList<string> Names { get; } = ["dequantize_float32", "dequantize_bfloat16", "dequantize_float16", "multiply_float32", "multiply_bfloat16"];
}
