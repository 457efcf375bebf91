using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Tensors_are_read_with_type_shape_and_metadata()
    {
        using var scope = NewDisposeScope();
        byte[] content = SafetensorsBytes.Create(
            """{"__metadata__":{"format":"pt"},"b":{"dtype":"I16","shape":[2,2],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}""", 9);
        using SafetensorsFile file = SafetensorsFile.Parse(content, "test");
        Assert.Equal(["a", "b"], file.Entries.Keys.Order());
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([0x0100, 0x0302, 0x0504, 0x0706], file.Read("b").to(ScalarType.Int64).data<long>().ToArray());
        Assert.Equal([2L, 2], file.Read("b").shape);
        Assert.Equal((byte)8, file.Read("a").item<byte>());
        Assert.Empty(file.Read("a").shape);
    }

    [Theory]
    [InlineData("F64", ScalarType.Float64, 8)]
    [InlineData("F32", ScalarType.Float32, 4)]
    [InlineData("F16", ScalarType.Float16, 2)]
    [InlineData("BF16", ScalarType.BFloat16, 2)]
    [InlineData("I64", ScalarType.Int64, 8)]
    [InlineData("I32", ScalarType.Int32, 4)]
    [InlineData("I16", ScalarType.Int16, 2)]
    [InlineData("I8", ScalarType.Int8, 1)]
    [InlineData("U8", ScalarType.Byte, 1)]
    [InlineData("BOOL", ScalarType.Bool, 1)]
    public void Every_type_is_read_aligned_or_not(string name, ScalarType type, int size)
    {
        using var scope = NewDisposeScope();
        // One byte in front makes the second tensor start at an odd address unless the header makes up for it; two lengths cover both.
        foreach (string padding in (string[])["", " "])
        {
            byte[] content = SafetensorsBytes.Create(
                $$$"""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"{{{name}}}","shape":[1,3],"data_offsets":[1,{{{1 + (3 * size)}}}]}}{{{padding}}}""",
                1 + (3 * size));
            using SafetensorsFile file = SafetensorsFile.Parse(content, "test");
            Tensor tensor = file.Read("y");
            Assert.Equal(type, tensor.dtype);
            Assert.Equal([1L, 3], tensor.shape);
            Assert.Equal(content[^(3 * size)..], Vlm.Torch.Aten.Elements<byte>(Vlm.Torch.Aten.Reinterpret(tensor.contiguous(), ScalarType.Byte)).ToArray());
        }
    }

    [Fact]
    public void A_tensor_read_apart_leaves_nothing_of_the_file_in_memory()
    {
        const int count = 1 << 23;
        string path = Path.GetTempFileName();
        try
        {
            // One byte in front: the second tensor is not aligned, whatever the length of the header.
            byte[] content = SafetensorsBytes.Create(
                $$$"""{"x":{"dtype":"BF16","shape":[{{{count}}}],"data_offsets":[0,{{{2 * count}}}]},"u":{"dtype":"U8","shape":[1],"data_offsets":[{{{2 * count}}},{{{(2 * count) + 1}}}]},"y":{"dtype":"BF16","shape":[3],"data_offsets":[{{{(2 * count) + 1}}},{{{(2 * count) + 7}}}]},"e":{"dtype":"BF16","shape":[0],"data_offsets":[{{{(2 * count) + 7}}},{{{(2 * count) + 7}}}]}}""",
                (2 * count) + 7);
            File.WriteAllBytes(path, content);
            using SafetensorsFile mapped = SafetensorsFile.Open(path), parsed = SafetensorsFile.Parse(content, "test");
            foreach (string name in (string[])["x", "y", "e"])
            {
                using Tensor copy = mapped.ReadApart(name), other = parsed.ReadApart(name);
                if (name == "x" && OperatingSystem.IsLinux())
                {
                    // The header's page may have brought a large page along.
                    Assert.InRange(ResidentKiB(path), 0, 4096);
                }
                using Tensor stored = mapped.Read(name);
                Assert.True(copy.dtype == stored.dtype && copy.shape.SequenceEqual(stored.shape));
                Assert.True(Bits(stored).SequenceEqual(Bits(copy)) && Bits(stored).SequenceEqual(Bits(other)), name);
                if (name == "x" && OperatingSystem.IsLinux())
                {
                    Assert.InRange(ResidentKiB(path), 16_000, 20_000);
                }
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Tensors_lie_over_the_mapped_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, SafetensorsBytes.Create("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]}}""", 4));
            using SafetensorsFile file = SafetensorsFile.Open(path);
            using Tensor tensor = file.Read("x"), empty = file.Read("e");
            Assert.Equal([0, 1, 2, 3], tensor.data<byte>().ToArray());
            Assert.Equal([0L, 3], empty.shape);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Empty_file_of_no_tensors_is_fine()
    {
        using SafetensorsFile file = SafetensorsFile.Parse(SafetensorsBytes.Create("{}", 0), "test");
        Assert.Empty(file.Entries);
    }

    [Fact]
    public void Missing_names_are_named()
    {
        using SafetensorsFile file = SafetensorsFile.Parse(SafetensorsBytes.Create("{}", 0), "some.safetensors");
        var exception = Assert.Throws<KeyNotFoundException>(() => file.Read("lm_head.weight"));
        Assert.Contains("some.safetensors", exception.Message);
        Assert.Contains("lm_head.weight", exception.Message);
        Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open("/nowhere/model.safetensors"));
    }

    [Fact]
    public void Reading_after_disposal_throws()
    {
        SafetensorsFile file = SafetensorsFile.Parse(SafetensorsBytes.Create("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1), "test");
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read("x"));
    }

    [Theory]
    [InlineData("""[]""", 0, "not a JSON object")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}""", 1, "not valid")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "not valid")]
    [InlineData("""{"x":[[[[[[[[[[1]]]]]]]]]]}""", 0, "not valid")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "Unicode")]
    [InlineData("""{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "empty name")]
    [InlineData("""{"x":5}""", 0, "'x'")]
    [InlineData("""{"x":{"shape":[1],"data_offsets":[0,1]}}""", 1, "dtype")]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", 1, "F8_E4M3")]
    [InlineData("""{"x":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "shape")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "pair")]
    [InlineData("""{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1, "-1")]
    [InlineData("""{"x":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}""", 1, "0.5")]
    [InlineData("""{"x":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1, "shape")]
    [InlineData("""{"x":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}""", 1, "99999999999999999999")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", 4, "does not fit")]
    [InlineData("""{"x":{"dtype":"U8","shape":[9223372036854775807,2,0],"data_offsets":[0,0]}}""", 0, "does not fit")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "does not fit")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}""", 1, "rise")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, "within")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "hole")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "overlaps")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 2, "the file has")]
    [InlineData("""{"__metadata__":5}""", 0, "__metadata__")]
    [InlineData("""{"__metadata__":{"format":5}}""", 0, "format")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}""", 1, "shape")]
    public void Wrong_headers_are_refused(string header, int dataLength, string expected)
    {
        var exception = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Parse(SafetensorsBytes.Create(header, dataLength), "evil.safetensors"));
        Assert.Contains(expected, exception.Message);
        Assert.Contains("evil.safetensors", exception.Message);
    }

    [Theory]
    [InlineData(3L)]
    [InlineData(100_000_001L)]
    [InlineData(long.MaxValue)]
    [InlineData(-1L)]
    public void Wrong_header_lengths_are_refused(long claimed)
        => Assert.Throws<InvalidDataException>(() => SafetensorsFile.Parse(SafetensorsBytes.Create("{}", 0, claimed), "test"));

    [Fact]
    public void Mutated_and_truncated_files_are_read_or_refused_and_nothing_else()
    {
        byte[] valid = SafetensorsBytes.Create(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b.c":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}""", 32);
        byte[] alphabet = [.. "0123456789-.,:[]{}\"\\ueE"u8, 0, 0x80, 0xff];
        Random random = new(7);
        int refused = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] content = [.. valid];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                content[random.Next(content.Length - 32)] = alphabet[random.Next(alphabet.Length)];
            }
            if (round % 3 == 0)
            {
                content = content[..random.Next(content.Length + 1)];
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using SafetensorsFile file = SafetensorsFile.Parse(content, "fuzz");
                foreach (string name in file.Entries.Keys)
                {
                    using Tensor tensor = file.Read(name);
                    Assert.Equal(file.Entries[name].Length, tensor.numel() * tensor.ElementSize);
                }
            }
            catch (InvalidDataException)
            {
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
        Assert.InRange(refused, 1, 3999);
    }

    [Fact]
    public void Truncated_files_on_disk_are_refused()
    {
        byte[] valid = SafetensorsBytes.Create("""{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""", 5);
        string path = Path.GetTempFileName();
        try
        {
            for (int length = 0; length < valid.Length; length++)
            {
                File.WriteAllBytes(path, valid[..length]);
                Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static ReadOnlySpan<ushort> Bits(Tensor tensor) => Vlm.Torch.Aten.Elements<ushort>(tensor);

    // Of all mappings of a file, by the kernel's account of this process.
    private static int ResidentKiB(string path)
    {
        (bool isOfFile, int sum) = (false, 0);
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
            {
                isOfFile = line.EndsWith(path, StringComparison.Ordinal);
            }
            else if (isOfFile && words[0] == "Rss:")
            {
                sum += int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture);
            }
        }
        return sum;
    }
}
