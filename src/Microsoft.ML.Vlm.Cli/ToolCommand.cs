namespace Microsoft.ML.Vlm.Cli;

/// <summary>A command of the tool. The name keeps it apart from the namespace that ML.NET has for commands.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">What it does.</param>
internal sealed class ToolCommand(string name, string description) : System.CommandLine.Command(name, description);
