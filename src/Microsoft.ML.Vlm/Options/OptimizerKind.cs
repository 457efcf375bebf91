namespace Microsoft.ML.Vlm;

/// <summary>What turns gradients into updates of the weights (<c>optim</c>).</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay and moments in float32: 8 bytes for each trained weight (<c>adamw_torch_fused</c>).</summary>
    AdamW,

    /// <summary>
    /// The same with moments in 8 bits, a scale for every 256 of them: 2 bytes for each trained weight (<c>adamw_8bit</c>; Dettmers et al. 2022). Tensors of fewer than 4,096
    /// weights keep float32.
    /// </summary>
    AdamW8Bit,
}
