using System.Runtime.InteropServices;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>
/// Turns the signals that ask a process to end (SIGTERM, SIGINT) into a request to stop behind the current step. A second signal ends the process at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private volatile bool _isRequested;

    /// <summary>Listens from now on.</summary>
    public StopSignals()
        => _registrations = [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT }.Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];

    /// <summary>Whether a signal has come.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Stops to listen; signals do again what they did before.</summary>
    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = !_isRequested;
        _isRequested = true;
    }
}
