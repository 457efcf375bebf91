namespace Vlm.Bench;

/// <summary>The arguments or the data cannot be used; the message says why and what to do.</summary>
internal sealed class BenchException(string message) : Exception(message);
