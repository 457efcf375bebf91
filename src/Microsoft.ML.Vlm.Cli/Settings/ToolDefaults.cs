namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Defaults of runs where a program would have others.</summary>
internal static class ToolDefaults
{
    /// <summary>The defaults by the names of options: those of TRL.</summary>
    public static IReadOnlyDictionary<string, string> Values { get; } = new Dictionary<string, string> { ["output_dir"] = "trainer_output", ["seed"] = "42" };
}
