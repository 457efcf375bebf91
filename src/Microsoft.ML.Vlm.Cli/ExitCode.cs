namespace Microsoft.ML.Vlm.Cli;

/// <summary>How the tool ends.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something failed; the message says what and what to do.</summary>
    public const int Failure = 1;

    /// <summary>The command, an option or the configuration file is not understood; nothing was begun.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C or SIGTERM; a training run has left a checkpoint.</summary>
    public const int Cancelled = 130;
}
