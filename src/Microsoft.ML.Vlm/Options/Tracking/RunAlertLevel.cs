namespace Microsoft.ML.Vlm;

/// <summary>How grave an alert is.</summary>
public enum RunAlertLevel
{
    /// <summary>Worth to know.</summary>
    Information,

    /// <summary>Worth to look at: the run goes on.</summary>
    Warning,

    /// <summary>The run ends.</summary>
    Error,
}
