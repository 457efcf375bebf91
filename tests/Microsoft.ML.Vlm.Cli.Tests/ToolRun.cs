using System.Diagnostics;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>A command line that was run in this process.</summary>
internal sealed record ToolRun(int Code, string Output, string Error)
{
    /// <summary>Runs one.</summary>
    public static ToolRun Of(params string[] arguments) => With("", CancellationToken.None, arguments);

    /// <summary>Runs one to which something is typed.</summary>
    public static ToolRun With(string input, CancellationToken token, params string[] arguments) => Begun(TimeSpan.Zero, input, arguments, token);

    /// <summary>Runs one whose process began a while ago.</summary>
    public static ToolRun Begun(TimeSpan ago, params string[] arguments) => Begun(ago, "", arguments, CancellationToken.None);

    private static ToolRun Begun(TimeSpan ago, string input, string[] arguments, CancellationToken token)
    {
        long start = Stopwatch.GetTimestamp() - (long)(ago.TotalSeconds * Stopwatch.Frequency);
        StringWriter output = new(), error = new();
        ToolConsole console = new() { Output = TextWriter.Synchronized(output), Error = TextWriter.Synchronized(error), Input = new StringReader(input), Token = token, Start = start };
        int code = new VlmTool(console).Run(arguments);
        return new ToolRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Fails unless the command went well.</summary>
    public ToolRun Succeeded()
    {
        Assert.True(Code == 0, $"exit code {Code}\n{Error}\n{Output}");
        return this;
    }

    /// <summary>Fails unless the command ended with that code and said that.</summary>
    public ToolRun Failed(int code, string message)
    {
        Assert.Contains(message, Error, StringComparison.Ordinal);
        Assert.Equal(code, Code);
        return this;
    }
}
