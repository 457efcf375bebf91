using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Zips that were damaged, or made to do damage.</summary>
public sealed class StrangersZipTests : IDisposable
{
    private const string Adapter = "adapter_model.safetensors";
    private const string AdapterConfig = "adapter_config.json";

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(2);

    private string Zip => _data.Path("model.zip");

    [Fact]
    public void A_broken_adapter_stream_is_an_error_that_names_it()
    {
        Save();
        refused(Adapter, _ => []);
        refused(Adapter, _ => [1, 2, 3, 4]);
        refused(Adapter, content => content[..^5]);
        refused(Adapter, content => [.. content, 0]);
        refused(Adapter, _ => Header(ulong.MaxValue, "{}"));
        refused(Adapter, _ => Header(2, "{}"));
        refused(Adapter, _ => Header(null, """{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"""));
        refused(AdapterConfig, _ => Encoding.UTF8.GetBytes("{"));
        refused(AdapterConfig, _ => Encoding.UTF8.GetBytes("""{"peft_type":"LORA","r":2000000000,"lora_alpha":4,"target_modules":["q_proj"]}"""));
        refused("vlm.json", _ => Encoding.UTF8.GetBytes("{}"));
        refused("vlm.json", _ => Encoding.UTF8.GetBytes("nonsense"));

        void refused(string name, Func<byte[], byte[]> change)
        {
            string broken = _data.Path("broken.zip");
            Change(name, change, broken);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Exception error = VlmOptions.LoadError(broken);
            Assert.IsType<InvalidDataException>(error);
            Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 64L << 20);
        }
    }

    [Fact]
    public void A_missing_part_is_named()
    {
        Save();
        Change(Adapter, _ => null, _data.Path("broken.zip"));

        Assert.Contains(Adapter, VlmOptions.LoadError(_data.Path("broken.zip")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil.safetensors")]
    [InlineData("/tmp/evil.safetensors")]
    [InlineData("..\\evil.safetensors")]
    [InlineData("program.exe")]
    [InlineData("")]
    public void A_file_name_that_leaves_the_folder_is_refused(string name)
    {
        Save(embed: true);
        Change("vlm.json", content =>
        {
            JsonNode description = JsonNode.Parse(content)!;
            description["base"]!["files"]![0]!["name"] = name;
            return Encoding.UTF8.GetBytes(description.ToJsonString());
        }, _data.Path("broken.zip"));

        Exception error = VlmOptions.LoadError(_data.Path("broken.zip"));

        Assert.IsType<InvalidDataException>(error);
        Assert.Contains("vlm.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Embedded_files_are_checked_and_a_broken_one_leaves_nothing_behind()
    {
        string cache = _data.Path("cache");
        byte[] config = Encoding.UTF8.GetBytes("{}"), weights = [1, 2, 3];
        BaseModelReference reference = new()
        {
            IsEmbedded = true,
            Files = [new ModelFile("config.json", 2, Hash(config)), new ModelFile("model.safetensors", 3, Hash(weights))],
        };
        string unpack(byte[] second) => EmbeddedModel.Unpack(reference, cache, (name, copy) =>
        {
            using MemoryStream stream = new(name == "config.json" ? config : second);
            copy(stream);
            return true;
        });

        Assert.Throws<InvalidDataException>(() => unpack([1, 2]));
        Assert.Throws<InvalidDataException>(() => unpack([1, 2, 3, 4]));
        Assert.Throws<InvalidDataException>(() => unpack([1, 2, 4]));
        Assert.Throws<InvalidDataException>(() => EmbeddedModel.Unpack(reference, cache, (_, _) => false));
        Assert.Empty(Directory.GetFileSystemEntries(cache));

        string folder = unpack(weights);
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(folder, EmbeddedModel.Unpack(reference, cache, (_, _) => throw new InvalidOperationException("should be there already")));
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), [9, 9]);
        Assert.NotEqual(folder, unpack(weights));
    }

    public void Dispose() => _data.Dispose();

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static byte[] Header(ulong? length, string json)
    {
        byte[] text = Encoding.UTF8.GetBytes(json), content = new byte[8 + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(content, length ?? (ulong)text.Length);
        text.CopyTo(content, 8);
        return content;
    }

    private void Save(bool embed = false)
    {
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.EmbedBaseModel = embed)).Fit(_data.LoadWithImages(_ml));
        _ml.Model.Save(model, null, Zip);
    }

    private void Change(string name, Func<byte[], byte[]?> change, string target)
    {
        File.Copy(Zip, target, overwrite: true);
        using ZipArchive zip = ZipFile.Open(target, ZipArchiveMode.Update);
        ZipArchiveEntry entry = zip.Entries.Single(candidate => candidate.Name == name);
        string path = entry.FullName;
        using MemoryStream content = new();
        using (Stream stream = entry.Open())
        {
            stream.CopyTo(content);
        }
        entry.Delete();
        if (change(content.ToArray()) is { } changed)
        {
            using Stream stream = zip.CreateEntry(path).Open();
            stream.Write(changed);
        }
    }
}
