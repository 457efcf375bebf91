using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

[Trait("Category", "Golden")]
public class AdamW8BitGoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // golden/README.md: AdamW on small tensors. Scales to a few roundings.
    private const float Tolerance = 1e-6f;

    [Fact]
    public void The_maps_have_the_same_bits()
    {
        using SafetensorsFile file = Open();
        Assert.Equal(file.Read("qmap_signed").data<float>().ToArray(), DynamicMap8.Signed.Values.ToArray());
        Assert.Equal(file.Read("qmap_unsigned").data<float>().ToArray(), DynamicMap8.Unsigned.Values.ToArray());
    }

    [Fact]
    public void Parameters_codes_and_scales_equal_the_reference()
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = Open();
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Reference.Path("golden", "optim", "adamw8bit.json")));
        JsonElement settings = document.RootElement;
        double Number(string key) => settings.GetProperty(key).GetDouble();
        double[] betas = [.. settings.GetProperty("betas").EnumerateArray().Select(value => value.GetDouble())];
        Device device = TestDevice.Open(Device);
        Tensor value = file.Read("p0").to(device, copy: true);
        using AdamW8Bit optimizer = new([new("p", value)], betas[0], betas[1], Number("eps"), Number("weight_decay"));
        int compared = 0;
        for (int step = 1; step <= (int)Number("steps"); step++)
        {
            optimizer.Step([file.Read($"grad{step}").to(device)], Number("lr"));
            if (!file.Entries.ContainsKey($"p{step}"))
            {
                continue;
            }
            IReadOnlyDictionary<string, Tensor> state = optimizer.ToTensors();
            Assert.True(allclose(file.Read($"p{step}"), value.cpu(), rtol: 0, atol: Tolerance), $"p{step}");
            foreach (string kind in new[] { "state1", "state2" })
            {
                Assert.Equal(file.Read($"{kind}_{step}").data<byte>().ToArray(), state[$"p.{kind}"].data<byte>().ToArray());
            }
            foreach (string kind in new[] { "absmax1", "absmax2" })
            {
                Assert.True(allclose(file.Read($"{kind}_{step}"), state[$"p.{kind}"].cpu(), rtol: Tolerance, atol: 0), $"{kind}_{step}");
            }
            compared++;
        }
        Assert.True(compared > 0);
    }

    private static SafetensorsFile Open() => SafetensorsFile.Open(Reference.Path("golden", "optim", "adamw8bit.safetensors"));
}
