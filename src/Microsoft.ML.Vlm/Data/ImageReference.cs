namespace Microsoft.ML.Vlm.Data;

/// <summary>An image as data has it: the bytes of its file, or where that is.</summary>
/// <param name="Bytes">The file's bytes; null when it lies in a folder.</param>
/// <param name="Path">Path in the image folder; beside bytes the name it once had, or null.</param>
internal sealed record ImageReference(byte[]? Bytes, string? Path);
