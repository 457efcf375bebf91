namespace Microsoft.ML.Vlm;

/// <summary>When a run is evaluated on <see cref="VlmTrainingOptions.EvaluationData"/> (<c>eval_strategy</c>).</summary>
public enum EvalStrategy
{
    /// <summary>Never (<c>no</c>).</summary>
    No,

    /// <summary>Every <see cref="VlmTrainingOptions.EvalSteps"/> steps and behind the last one (<c>steps</c>).</summary>
    Steps,

    /// <summary>Behind each pass over the training data and behind the last step (<c>epoch</c>).</summary>
    Epoch,
}
