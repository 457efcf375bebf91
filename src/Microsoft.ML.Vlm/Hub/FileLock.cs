namespace Microsoft.ML.Vlm.Hub;

/// <summary>
/// Keeps processes and threads from fetching the same file at once, Python's client included where the system has advisory locks. It only saves work: where a
/// file system knows no locks there is none, and nothing goes wrong without.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    // EAGAIN on Linux and on macOS; sharing and lock violation on Windows.
    private static readonly int[] s_taken = [11, 35, unchecked((int)0x80070020), unchecked((int)0x80070021)];

    private readonly FileStream? _file;

    private FileLock(FileStream? file) => _file = file;

    /// <summary>Whether the lock is held; else there are none here.</summary>
    public bool IsHeld => _file is not null;

    /// <summary>Waits for the lock.</summary>
    public static async Task<FileLock> AcquireAsync(string path, CancellationToken token)
    {
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException exception) when (s_taken.Contains(exception.HResult))
            {
                await Task.Delay(s_pause, token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return new FileLock(null);
            }
        }
    }

    /// <summary>Lets others go on.</summary>
    public void Dispose() => _file?.Dispose();
}
