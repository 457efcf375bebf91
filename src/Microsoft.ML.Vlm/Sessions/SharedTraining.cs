namespace Microsoft.ML.Vlm;

/// <summary>
/// A stretch of time in which estimators that are fitted one after the other may train their adapters on one loaded base model, because nothing else computes with it meanwhile: the
/// folds of a cross-validation.
/// </summary>
internal sealed class SharedTraining : IDisposable
{
    private static readonly AsyncLocal<SharedTraining?> s_current = new();

    private readonly SharedTraining? _outer = s_current.Value;

    /// <summary>Begins, for the calls that this one makes.</summary>
    public SharedTraining() => s_current.Value = this;

    /// <summary>The one that goes on, or null.</summary>
    public static SharedTraining? Current => s_current.Value;

    /// <summary>How often a base model was loaded meanwhile.</summary>
    public int Loads { get; set; }

    /// <summary>The base model that was loaded last, or null. Models that were open before are left to those who use them.</summary>
    public SharedModel? Base { get; set; }

    /// <summary>Ends.</summary>
    public void Dispose() => s_current.Value = _outer;
}
