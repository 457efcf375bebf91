namespace Charts;

/// <summary>Something the user can put right; shown without a stack.</summary>
internal sealed class SampleException(string message, Exception? innerException = null) : Exception(message, innerException);
