using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

public sealed class SafetensorsWriterTests
{
    [Fact]
    public void Tensors_come_back_as_they_were_written()
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = new()
        {
            ["z.half"] = tensor(new float[] { 1, -2, 0.5f }).to(ScalarType.BFloat16),
            ["scalar"] = tensor(3.5),
            ["turned"] = arange(6, dtype: ScalarType.Float32).view(2, 3).t(),
            ["none"] = zeros(0, 4, dtype: ScalarType.Int32),
            ["flags"] = tensor(new[] { true, false }),
        };
        using MemoryStream stream = new();
        SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string> { ["who"] = "prüfung" });
        using SafetensorsFile file = SafetensorsFile.Parse(stream.ToArray(), "test");
        Assert.Equal(tensors.Keys.Order(), file.Entries.Keys.Order());
        Assert.Equal("prüfung", file.Metadata["who"]);
        foreach ((string name, Tensor expected) in tensors)
        {
            Tensor actual = file.Read(name);
            Assert.Equal(expected.dtype, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.True(expected.eq(actual).all().item<bool>(), name);
        }
    }

    [Fact]
    public void Order_and_padding_do_not_depend_on_the_order_given()
    {
        using var scope = NewDisposeScope();
        Tensor wide = zeros(1), narrow = zeros(1, dtype: ScalarType.Byte);
        using MemoryStream first = new(), second = new();
        SafetensorsWriter.Write(first, new Dictionary<string, Tensor> { ["a"] = narrow, ["b"] = wide, ["c"] = wide });
        SafetensorsWriter.Write(second, new Dictionary<string, Tensor> { ["c"] = wide, ["b"] = wide, ["a"] = narrow });
        Assert.Equal(first.ToArray(), second.ToArray());
        string text = System.Text.Encoding.UTF8.GetString(first.ToArray(), 8, (int)first.Length - 8 - 9);
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"c":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}""",
            text.TrimEnd(' '));
        Assert.Equal(0, text.Length % 8);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "model.safetensors");
            SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(1) });
            byte[] before = File.ReadAllBytes(path);
            Assert.Throws<NotSupportedException>(() => SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = zeros(1, dtype: ScalarType.ComplexFloat32) }));
            Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", ones(1)), new("a", ones(1))]));
            Assert.Equal([path], Directory.GetFiles(folder));
            Assert.Equal(before, File.ReadAllBytes(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
