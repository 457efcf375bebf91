namespace Microsoft.ML.Vlm.Hub;

/// <summary>A line that a job has written.</summary>
/// <param name="Text">The line.</param>
/// <param name="Time">When, as the hub writes it; may be empty.</param>
internal readonly record struct JobLogLine(string Text, string Time);
