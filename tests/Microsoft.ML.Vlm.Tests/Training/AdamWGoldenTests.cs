using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

[Trait("Category", "Golden")]
public class AdamWGoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // golden/README.md: AdamW on small tensors.
    private const float Tolerance = 1e-6f;

    public static TheoryData<string> Cases => Reference.Files(Path.Combine("golden", "optim"), name => name.StartsWith("adamw", StringComparison.Ordinal) && !name.StartsWith("adamw8bit", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parameters_moments_and_norms_equal_the_reference(string name)
    {
        string path = Reference.Path("golden", "optim", name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        using SafetensorsFile file = SafetensorsFile.Open(Path.ChangeExtension(path, ".safetensors"));
        int steps = document.RootElement.GetProperty("steps").GetInt32();
        foreach (JsonProperty run in document.RootElement.GetProperty("runs").EnumerateObject())
        {
            Compare(run.Name, run.Value, file, steps, TestDevice.Open(Device));
        }
    }

    private static void Compare(string run, JsonElement settings, SafetensorsFile file, int steps, Device device)
    {
        using var scope = NewDisposeScope();
        int count = file.Entries.Keys.Count(key => key.StartsWith("p0_", StringComparison.Ordinal));
        TrainableParameter[] parameters = [.. Enumerable.Range(0, count).Select(index => new TrainableParameter($"p_{index}.weight", file.Read($"p0_{index}").to(device, copy: true)))];
        double[] Numbers(string key) => [.. settings.GetProperty(key).EnumerateArray().Select(value => value.GetDouble())];
        double[] rates = Numbers("lrs"), norms = Numbers("norms_before_clipping"), betas = Numbers("betas");
        using AdamW optimizer = new(parameters, betas[0], betas[1], settings.GetProperty("eps").GetDouble(), settings.GetProperty("weight_decay").GetDouble());
        double maximum = settings.GetProperty("max_grad_norm").ValueKind == JsonValueKind.Null ? 0 : settings.GetProperty("max_grad_norm").GetDouble();
        for (int step = 0; step < steps; step++)
        {
            Tensor[] gradients = [.. parameters.Select((_, index) => file.Read($"grad_{step}_{index}").to(device, copy: true))];
            double norm = GradientClipping.Clip(gradients, maximum);
            if (norms.Length > 0)
            {
                Assert.True(Math.Abs(norm - norms[step]) <= norms[step] * 1e-6, $"{run} step {step}: norm {norm}, expected {norms[step]}");
            }
            optimizer.Step(gradients, rates[step]);
            for (int index = 0; index < count; index++)
            {
                Equal(file, $"{run}.p_{index}.after{step + 1}", parameters[index].Value);
            }
        }
        for (int index = 0; index < count; index++)
        {
            Assert.Contains($"{run}.p_{index}.after{steps}", file.Entries.Keys);
            Equal(file, $"{run}.exp_avg_{index}", optimizer.FirstMoments[index]);
            Equal(file, $"{run}.exp_avg_sq_{index}", optimizer.SecondMoments[index]);
        }
    }

    private static void Equal(SafetensorsFile file, string key, Tensor actual)
    {
        if (file.Entries.ContainsKey(key))
        {
            Assert.True(allclose(file.Read(key), actual.cpu(), rtol: 0, atol: Tolerance), key);
        }
    }
}
