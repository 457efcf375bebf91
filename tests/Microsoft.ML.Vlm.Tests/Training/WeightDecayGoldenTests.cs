using System.Text.Json;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

[Trait("Category", "Golden")]
public sealed class WeightDecayGoldenTests
{
    [Theory]
    [MemberData(nameof(SftGoldenTests.Cases), MemberType = typeof(SftGoldenTests))]
    public void As_many_parameters_decay_as_in_the_reference(string name)
    {
        using SftCase run = SftCase.Open(name);
        IEnumerable<string> names = run.Adapters?.ToTensors().Select(pair => pair.Key) ?? run.Model.Weights.Keys;
        using TorchSharp.torch.Tensor value = TorchSharp.torch.ones(1);
        bool[] decay = [.. names.Select(parameter => new TrainableParameter(parameter, value).Decays)];
        // The reference's first group decays, its second one does not.
        JsonElement groups = run.Meta.GetProperty("param_groups");
        Assert.Equal(
            (groups[0].GetProperty("n").GetInt32(), groups[1].GetProperty("n").GetInt32()), (decay.Count(decays => decays), decay.Count(decays => !decays)));
    }
}
