using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>One step of a stack that is trained layer by layer.</summary>
/// <param name="Forward">Hidden states to hidden states; the result is a new tensor of the caller's scope.</param>
/// <param name="Trains">Whether any weight or adapter of the layer may train.</param>
/// <param name="Generators">Where its dropout draws from: the same numbers are drawn again when it is computed again.</param>
/// <param name="Record">
/// Runs the layer on an input, which stays the caller's, and records it; the second argument says whether the gradient by the input is asked for.
/// Null leaves that to autograd.
/// </param>
internal sealed record TrainingLayer(
    Func<Tensor, Tensor> Forward, bool Trains, IReadOnlyList<Generator> Generators, Func<Tensor, bool, LayerRecord>? Record = null);
