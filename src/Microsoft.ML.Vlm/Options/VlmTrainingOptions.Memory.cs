namespace Microsoft.ML.Vlm;

public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Keeps only the input of each layer and computes the layer again on the way back (<c>gradient_checkpointing</c>): the same gradients in a fraction of
    /// the memory, for a second forward pass of the language model. Default false; TRL's default is true. Turn it on when memory does not suffice, before
    /// making batches smaller.
    /// </summary>
    public bool GradientCheckpointing { get; set; }
}
