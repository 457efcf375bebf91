using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>SwiGLU feed-forward layer (Shazeer 2020): <c>down(silu(gate(x)) * up(x))</c>.</summary>
/// <param name="gate"><c>[hidden] -> [intermediate]</c>.</param>
/// <param name="up"><c>[hidden] -> [intermediate]</c>.</param>
/// <param name="down"><c>[intermediate] -> [hidden]</c>.</param>
internal sealed class GatedMlp(Linear gate, Linear up, Linear down)
{
    /// <summary>Its linear layers: gate, up, down.</summary>
    public IReadOnlyList<Linear> Linears { get; } = [gate, up, down];

    /// <summary>Applies the layer to <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Linears[2].Forward(Open(Linears[0].Forward(input), Linears[1].Forward(input))).MoveToOuterDisposeScope();
    }

    /// <summary><c>silu(gate) * up</c>.</summary>
    public static Tensor Open(Tensor gate, Tensor up)
    {
        if (KernelChoice.Applies(gate, up))
        {
            return VectorKernels.SwiGlu(gate, up);
        }
        using Tensor opened = nn.functional.silu(gate);
        return opened * up;
    }

    /// <summary>Gradients of <see cref="Open"/> by gate and up, without autograd; all contiguous.</summary>
    public static (Tensor Gate, Tensor Up) OpenBackward(Tensor gate, Tensor up, Tensor gradient)
    {
        if (KernelChoice.Applies(gate, up, gradient))
        {
            return VectorKernels.SwiGluBackward(gate, up, gradient);
        }
        using var scope = NewDisposeScope();
        Tensor ofGate = Aten.SiluBackward(gradient * up, gate), ofUp = nn.functional.silu(gate).mul_(gradient);
        return (ofGate.MoveToOuterDisposeScope(), ofUp.MoveToOuterDisposeScope());
    }
}
