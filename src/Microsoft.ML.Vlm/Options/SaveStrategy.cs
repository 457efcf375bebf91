namespace Microsoft.ML.Vlm;

/// <summary>When a checkpoint is written (<c>save_strategy</c>).</summary>
public enum SaveStrategy
{
    /// <summary>Never, but for the one that a cancelled run leaves (<c>no</c>).</summary>
    No,

    /// <summary>Every <see cref="VlmTrainingOptions.SaveSteps"/> steps and behind the last one (<c>steps</c>).</summary>
    Steps,

    /// <summary>Behind each pass over the data (<c>epoch</c>).</summary>
    Epoch,

    /// <summary>Behind each evaluation that is better than all before it (<c>best</c>).</summary>
    Best,
}
