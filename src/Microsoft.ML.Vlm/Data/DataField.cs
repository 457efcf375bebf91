namespace Microsoft.ML.Vlm.Data;

/// <summary>A column of a data file, or a field of a structure in one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
internal sealed record DataField(string Name, DataType Type);
