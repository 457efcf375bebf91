using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>SwiGLU feed-forward layer (Shazeer 2020): <c>down(silu(gate(x)) * up(x))</c>.</summary>
/// <param name="gate"><c>[hidden] -> [intermediate]</c>.</param>
/// <param name="up"><c>[hidden] -> [intermediate]</c>.</param>
/// <param name="down"><c>[intermediate] -> [hidden]</c>.</param>
internal sealed class GatedMlp(Linear gate, Linear up, Linear down)
{
    /// <summary>Its linear layers.</summary>
    public IReadOnlyList<Linear> Linears { get; } = [gate, up, down];

    /// <summary>Applies the layer to <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor opened = nn.functional.silu(Linears[0].Forward(input));
        return Linears[2].Forward(opened * Linears[1].Forward(input)).MoveToOuterDisposeScope();
    }
}
