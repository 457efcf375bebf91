using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>One step of a stack that is trained layer by layer.</summary>
/// <param name="Forward">Hidden states to hidden states; the result is a new tensor of the caller's scope. Called twice with gradient checkpointing.</param>
/// <param name="Trains">Whether any weight or adapter of the layer may train.</param>
/// <param name="Generators">Where its dropout draws from: the same numbers are drawn again when it is computed again.</param>
internal sealed record TrainingLayer(Func<Tensor, Tensor> Forward, bool Trains, IReadOnlyList<Generator> Generators);
