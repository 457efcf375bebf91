using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vlm.Components;

/// <summary>What ML.NET's environments know but do not offer publicly.</summary>
internal static class MLNetHost
{
    /// <summary>The environment behind <c>mlContext.Transforms</c>.</summary>
    public static IHostEnvironment EnvironmentOf(TransformsCatalog catalog) => CatalogUtils.GetEnvironment(catalog);

    /// <summary>The environment behind <c>mlContext.Data</c>.</summary>
    public static IHostEnvironment EnvironmentOf(DataOperationsCatalog catalog) => CatalogUtils.GetEnvironment(catalog);

    /// <summary>A host of that name, for errors and cancellation.</summary>
    public static IHost Register(IHostEnvironment environment, string name) => environment.Register(name);

    /// <summary>The seed given to the ML context, or null.</summary>
    public static int? SeedOf(IHostEnvironment environment) => (environment as IHostEnvironmentInternal)?.Seed;

    /// <summary>Throws when the user cancelled through the ML context.</summary>
    public static void CheckAlive(IHost host) => host.CheckAlive();

    /// <summary>Cancels what the ML context is doing.</summary>
    public static void Cancel(MLContext context) => context.CancelExecution();

    /// <summary>Whether the user cancelled through the ML context.</summary>
    public static bool IsCancelled(IHost host)
    {
        try
        {
            host.CheckAlive();
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    /// <summary>Listens to the warnings that anything writes to <c>MLContext.Log</c> on the thread that calls this, until the result is disposed.</summary>
    /// <param name="host">A host of the context.</param>
    /// <param name="onWarning">Gets the text.</param>
    public static IDisposable OnWarning(IHost host, Action<string> onWarning)
    {
        if (host is not HostEnvironmentBase<LocalEnvironment> environment)
        {
            return new Listening(null);
        }
        int thread = Environment.CurrentManagedThreadId;
        void Listen(IMessageSource source, ChannelMessage message)
        {
            if (message.Kind == ChannelMessageKind.Warning && Environment.CurrentManagedThreadId == thread)
            {
                onWarning(message.Message);
            }
        }
        environment.AddListener<ChannelMessage>(Listen);
        return new Listening(() => environment.RemoveListener<ChannelMessage>(Listen));
    }

    /// <summary>Writes a line to <c>MLContext.Log</c>.</summary>
    public static void Info(IChannel channel, string message) => channel.Info(MessageSensitivity.None, message);

    /// <summary>Writes a warning to <c>MLContext.Log</c>.</summary>
    public static void Warning(IChannel channel, string message) => channel.Warning(MessageSensitivity.None, message);

    private sealed class Listening(Action? end) : IDisposable
    {
        public void Dispose() => end?.Invoke();
    }
}
