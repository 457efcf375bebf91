using System.Globalization;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Shows files on their way from and to the hub: a line for each that has come, and in a terminal one more for all that are on the way.</summary>
/// <param name="console">Where.</param>
internal sealed class TransferDisplay(ToolConsole console) : IProgress<HubProgress>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Repository, string File), long> _bytes = [];
    private int _shown;

    /// <inheritdoc/>
    public void Report(HubProgress value)
    {
        lock (_lock)
        {
            _bytes[(value.Repository, value.File)] = value.Bytes;
            string verb = value.IsUpload ? "uploaded" : "downloaded";
            if (value.IsDone)
            {
                Clear();
                console.Error.WriteLine($"{verb} {value.Repository}: {value.File} ({ByteCount.Format(value.TotalBytes)})");
            }
            else if (console.ErrorWidth is { } width)
            {
                long all = _bytes.Where(pair => pair.Key.Repository == value.Repository).Sum(pair => pair.Value);
                string line = string.Create(CultureInfo.InvariantCulture, $"{value.Repository}: {ByteCount.Format(all)} of {ByteCount.Format(value.AllFilesBytes)} ({100.0 * all / Math.Max(1, value.AllFilesBytes):0} %)");
                line = line[..Math.Min(line.Length, Math.Max(0, width() - 1))];
                console.Error.Write($"\r{line.PadRight(_shown)}");
                _shown = line.Length;
            }
        }
    }

    private void Clear()
    {
        if (_shown > 0)
        {
            console.Error.Write($"\r{new string(' ', _shown)}\r");
            _shown = 0;
        }
    }
}
