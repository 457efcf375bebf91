namespace Microsoft.ML.Vlm.Cli;

/// <summary>What the user wrote is not understood; the message says what, where and what would be.</summary>
/// <param name="message">The message.</param>
/// <param name="cause">What is behind it; null for nothing.</param>
internal sealed class UsageException(string message, Exception? cause = null) : Exception(message, cause);
