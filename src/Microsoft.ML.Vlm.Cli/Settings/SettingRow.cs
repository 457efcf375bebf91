namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>A resolved option.</summary>
/// <param name="Section">Its section; empty for none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, as it would be written.</param>
/// <param name="Source">Where the value comes from: <c>default</c>, a flag, a line of a file.</param>
/// <param name="TrlDefault">What TRL takes where nothing is given, if that is another value; else null.</param>
internal sealed record SettingRow(string Section, string Name, string Value, string Source, string? TrlDefault);
