using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>ML.NET's context for a command.</summary>
internal static class ToolContext
{
    /// <summary>A context whose warnings are shown, and whose log is shown when asked for.</summary>
    /// <param name="console">Where.</param>
    public static MLContext Create(ToolConsole console)
    {
        MLContext ml = new();
        ml.Log += (_, entry) =>
        {
            if (entry.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error && !console.IsQuiet)
            {
                // In a terminal it may have to go over a line that changes.
                string line = $"warning: {entry.RawMessage}";
                console.Error.WriteLine(console.ErrorWidth is { } width ? $"\r{line.PadRight(Math.Max(0, width() - 1))}" : line);
            }
            else if (console.IsVerbose && entry.Kind == ChannelMessageKind.Info)
            {
                console.Error.WriteLine(entry.RawMessage);
            }
        };
        console.Token.Register(() => MLNetHost.Cancel(ml));
        return ml;
    }

    /// <summary>Shows what comes from and goes to the hub.</summary>
    /// <param name="options">Options of a model.</param>
    /// <param name="console">Where.</param>
    public static void ShowDownloads(VlmModelOptions options, ToolConsole console)
    {
        if (!console.IsQuiet)
        {
            options.Hub ??= new HubOptions();
            options.Hub.Progress = new TransferDisplay(console);
        }
    }
}
