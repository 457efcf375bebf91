using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Calls any operator of libtorch by name through its stable C interface, on TorchSharp's own tensor handles and with autograd.</summary>
/// <remarks>Only <see cref="Aten"/> uses it; the rest of the project sees typed operations.</remarks>
internal static unsafe partial class TorchDispatcher
{
    /// <summary>The version of libtorch whose calling convention is used: 2.10.</summary>
    private const ulong AbiVersion = 0x020A_0000_0000_0000;

    private static readonly ConcurrentDictionary<string, nint> s_names = new();

    /// <summary>An argument that an operator declares as optional (<c>Tensor?</c>, <c>float?</c>); a null value means none.</summary>
    internal readonly record struct Optional(object? Value);

    /// <summary>Calls an operator that returns one tensor.</summary>
    /// <param name="name">Name with namespace, such as <c>aten::rms_norm</c>.</param>
    /// <param name="overload">Overload, or an empty text.</param>
    /// <param name="arguments">Tensor, long, double, bool, <see cref="ScalarType"/>, text, arrays of these, or <see cref="Optional"/>.</param>
    public static Tensor Call(string name, string overload, params ReadOnlySpan<object> arguments)
        => Tensor.UnsafeCreateTensor((nint)Invoke(name, overload, 1, arguments)[0]);

    /// <summary>Calls an operator that returns nothing (in-place operators on lists).</summary>
    public static void CallVoid(string name, string overload, params ReadOnlySpan<object> arguments)
        => Invoke(name, overload, 0, arguments);

    /// <summary>Address of the first element.</summary>
    public static void* DataPointer(Tensor tensor)
    {
        void* pointer;
        Check(aoti_torch_get_data_ptr(tensor.Handle, &pointer), "get_data_ptr");
        return pointer;
    }

    /// <summary>A tensor over memory that the caller owns and keeps alive; nothing is copied.</summary>
    public static Tensor FromBlob(void* data, ReadOnlySpan<long> shape, ScalarType type)
    {
        Span<long> strides = stackalloc long[shape.Length];
        long stride = 1;
        for (int dimension = shape.Length - 1; dimension >= 0; dimension--)
        {
            strides[dimension] = stride;
            stride *= shape[dimension];
        }

        nint result;
        fixed (long* sizes = shape, steps = strides)
        {
            Check(aoti_torch_create_tensor_from_blob(data, shape.Length, sizes, steps, 0, (int)type, 0, 0, &result), "create_tensor_from_blob");
        }
        return Tensor.UnsafeCreateTensor(result);
    }

    private static ulong[] Invoke(string name, string overload, int results, ReadOnlySpan<object> arguments)
    {
        ulong* stack = stackalloc ulong[Math.Max(arguments.Length, results) + 1];
        for (int index = 0; index < arguments.Length; index++)
        {
            stack[index] = Convert(arguments[index]);
        }

        Check(torch_call_dispatcher(Utf8(name), Utf8(overload), stack, AbiVersion), name);
        ulong[] values = new ulong[results];
        for (int index = 0; index < results; index++)
        {
            values[index] = stack[index];
        }
        return values;
    }

    // The callee takes ownership of every handle and of the cells behind optional values.
    private static ulong Convert(object? value)
    {
        switch (value)
        {
            case Tensor tensor:
                nint handle;
                Check(aoti_torch_new_tensor_handle(tensor.Handle, &handle), "new_tensor_handle");
                return (ulong)handle;
            case long number:
                return (ulong)number;
            case double number:
                return BitConverter.DoubleToUInt64Bits(number);
            case bool flag:
                return flag ? 1u : 0u;
            case ScalarType type:
                return (ulong)(int)type;
            case string text:
                nint characters;
                Check(torch_new_string_handle(Utf8(text), (nuint)Encoding.UTF8.GetByteCount(text), &characters), "new_string");
                return (ulong)characters;
            case Optional { Value: null }:
                return 0;
            case Optional { Value: var present }:
                ulong* cell = (ulong*)NativeMemory.Alloc(sizeof(ulong));
                *cell = Convert(present);
                return (ulong)cell;
            case System.Collections.IList list:
                nint items;
                Check(torch_new_list_reserve_size((nuint)list.Count, &items), "new_list");
                foreach (object? item in list)
                {
                    Check(torch_list_push_back(items, Convert(item)), "list_push_back");
                }
                return (ulong)items;
            default:
                throw new ArgumentException($"Operator arguments of type {value?.GetType().Name ?? "null"} are not supported.", nameof(value));
        }
    }

    private static byte* Utf8(string text)
        => (byte*)s_names.GetOrAdd(text, static key => Marshal.StringToCoTaskMemUTF8(key));

    private static void Check(int status, string operation)
    {
        if (status != 0)
        {
            throw new InvalidOperationException($"libtorch refused '{operation}'; its own message stands on the standard error stream.");
        }
    }

    [LibraryImport("torch_cpu")]
    private static partial int torch_call_dispatcher(byte* name, byte* overload, ulong* stack, ulong abi);

    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_new_tensor_handle(nint tensor, nint* result);

    [LibraryImport("torch_cpu")]
    private static partial int torch_new_string_handle(byte* text, nuint length, nint* result);

    [LibraryImport("torch_cpu")]
    private static partial int torch_new_list_reserve_size(nuint capacity, nint* result);

    [LibraryImport("torch_cpu")]
    private static partial int torch_list_push_back(nint list, ulong value);

    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_get_data_ptr(nint tensor, void** result);

    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_create_tensor_from_blob(
        void* data, long dimensions, long* sizes, long* strides, long offset, int type, int deviceType, int deviceIndex, nint* result);
}
