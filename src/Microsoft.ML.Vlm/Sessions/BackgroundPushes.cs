using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm;

/// <summary>Pushes the states of a run beside the training: one at a time, and of those that wait only the newest. Whatever fails is a warning.</summary>
internal sealed class BackgroundPushes : IDisposable
{
    private const string FolderPrefix = "push";
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ModelPublisher _publisher;
    private readonly VlmTrainingOptions _options;
    private readonly ModelFolder _model;
    private readonly Action<string> _inform;
    private readonly Action<string> _warn;
    private (string Folder, string Message)? _waiting;
    private Task _running = Task.CompletedTask;

    /// <summary>Prepares pushes.</summary>
    /// <param name="publisher">Of the repository; it stays the caller's.</param>
    /// <param name="options">Of the run.</param>
    /// <param name="model">The base model.</param>
    /// <param name="inform">Gets what was done.</param>
    /// <param name="warn">Gets what failed.</param>
    public BackgroundPushes(ModelPublisher publisher, VlmTrainingOptions options, ModelFolder model, Action<string> inform, Action<string> warn)
    {
        (_publisher, _options, _model, _inform, _warn) = (publisher, options, model, inform, warn);
        AtomicFolder.RemoveLeftovers(options.OutputDirectory!, FolderPrefix);
    }

    /// <summary>Lets a checkpoint be pushed when its turn comes. Its files are copied first, as the checkpoint itself may soon be deleted.</summary>
    public void Add(VlmCheckpoint checkpoint)
    {
        if (_options.HubStrategy == HubStrategy.End)
        {
            return;
        }
        Guarded(() =>
        {
            string folder = NewFolder();
            CopyModel(checkpoint.Path, folder);
            switch (_options.HubStrategy)
            {
                case HubStrategy.Checkpoint:
                    Copy(Directory.EnumerateFiles(checkpoint.Path), Path.Combine(folder, PushedCheckpoint.LastPlace));
                    CopyBest(checkpoint, Path.Combine(folder, PushedCheckpoint.BestPlace));
                    break;

                case HubStrategy.AllCheckpoints:
                    Copy(Directory.EnumerateFiles(checkpoint.Path), Path.Combine(folder, CheckpointFiles.FolderName(checkpoint.Step)));
                    break;

                default:
                    break;
            }
            Enqueue(folder, $"Training in progress, step {checkpoint.Step}");
        });
    }

    /// <summary>Pushes what was trained, and waits until it is there.</summary>
    /// <param name="directory">Folder with it.</param>
    public void Finish(string directory)
    {
        Guarded(() =>
        {
            string folder = NewFolder();
            CopyModel(directory, folder);
            Enqueue(folder, "End of training");
        });
        WaitForEnd(Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits for what is under way, for a while, and frees everything.</summary>
    public void Dispose()
    {
        WaitForEnd(s_longestEnd);
        _stop.Cancel();
        WaitForEnd(s_longestEnd);
        _stop.Dispose();
    }

    private void Enqueue(string folder, string message)
    {
        lock (_gate)
        {
            if (_waiting is { } older)
            {
                // Checkpoints that nothing newer stands for go along with what is pushed in place of the older one.
                foreach (string place in Directory.EnumerateDirectories(older.Folder).Where(place => !Directory.Exists(Path.Combine(folder, Path.GetFileName(place)))))
                {
                    Directory.Move(place, Path.Combine(folder, Path.GetFileName(place)));
                }
                Directory.Delete(older.Folder, recursive: true);
            }
            _waiting = (folder, message);
            if (_running.IsCompleted)
            {
                _running = Task.Run(RunAsync);
            }
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            (string Folder, string Message) next;
            lock (_gate)
            {
                if (_waiting is not { } waiting)
                {
                    // Within the gate, so that whoever adds the next one finds this task completed or waits for it.
                    _running = Task.CompletedTask;
                    return;
                }
                (next, _waiting) = (waiting, null);
            }
            try
            {
                HubPush done = await PushAsync(next.Folder, next.Message).ConfigureAwait(false);
                _inform($"pushed '{next.Message}' to {done.Url}");
            }
            catch (Exception exception)
            {
                // Whatever it is: hours of training must not end by it.
                _warn(Later(exception));
            }
            finally
            {
                Directory.Delete(next.Folder, recursive: true);
            }
        }
    }

    private Task<HubPush> PushAsync(string folder, string message)
    {
        HubPushOptions options = new();
        _publisher.Complete(folder, _model, options, _options.Method);
        return _publisher.PushAsync(folder, message, options, [.. Directory.EnumerateDirectories(folder).Select(place => Path.GetFileName(place))], _stop.Token, withCheckpoints: true);
    }

    // A run that ends with its best checkpoint needs that too, wherever it goes on.
    private void CopyBest(VlmCheckpoint checkpoint, string place)
    {
        if (_options.LoadBestModelAtEnd && CheckpointJson.Read<TrainerStateFile>(checkpoint.Path, CheckpointFiles.TrainerState) is { BestGlobalStep: int best } && best != checkpoint.Step
            && new RunFolder(_options.OutputDirectory!).PathOf(best) is var path && Directory.Exists(path))
        {
            Copy(Directory.EnumerateFiles(path), place);
        }
    }

    private string Later(Exception exception)
        => $"Pushing to {_publisher.Repository.Id} failed: {exception.Message} Nothing is lost: all is in '{Path.GetFullPath(_options.OutputDirectory!)}'. "
            + $"Push it later with mlContext.Vlm().PushFolderToHub(\"{_options.OutputDirectory}\", \"{_publisher.Repository.Id}\").";

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _warn(Later(exception));
        }
    }

    private string NewFolder() => Directory.CreateDirectory(Path.Combine(_options.OutputDirectory!, $".{FolderPrefix}.{Guid.NewGuid():N}{AtomicFolder.TemporarySuffix}")).FullName;

    private static void CopyModel(string from, string to)
        => Copy(Directory.EnumerateFiles(from).Where(path => ModelFiles.IsPublished(Path.GetFileName(path))), to);

    private static void Copy(IEnumerable<string> files, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in files)
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }
    }

    private void WaitForEnd(TimeSpan longest)
    {
        Task running;
        lock (_gate)
        {
            running = _running;
        }
        running.Wait(longest);
    }
}
