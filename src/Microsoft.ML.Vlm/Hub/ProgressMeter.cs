using System.Diagnostics;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Reports how far the files of one transfer are, each at most a few times a second.</summary>
/// <param name="progress">Who is told; may be null.</param>
/// <param name="repository">The repository.</param>
/// <param name="fileCount">Files that are moved.</param>
/// <param name="allBytes">Their bytes.</param>
/// <param name="isUpload">Whether they go to the hub.</param>
internal sealed class ProgressMeter(IProgress<HubProgress>? progress, string repository, int fileCount, long allBytes, bool isUpload)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The meter of one file.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="total">Its bytes.</param>
    public Action<long, bool> For(string file, long total)
    {
        long last = 0;
        return (bytes, isDone) =>
        {
            if (progress is null || (!isDone && last != 0 && Stopwatch.GetElapsedTime(last) < s_pause))
            {
                return;
            }
            last = Stopwatch.GetTimestamp();
            progress.Report(new HubProgress
            {
                Repository = repository,
                File = file,
                Bytes = bytes,
                TotalBytes = total,
                FileCount = fileCount,
                AllFilesBytes = allBytes,
                IsUpload = isUpload,
                IsDone = isDone,
            });
        };
    }
}
