using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>How rows are prepared for a kind of training.</summary>
/// <param name="Create">Prepares a row with an image processing, with or without the samples of its images.</param>
/// <param name="Remarks">What is suspicious about the data as a whole, a sentence or two each.</param>
internal sealed record OutlinedRows(Func<VlmExample, ImageProcessor, bool, VlmSample> Create, IReadOnlyList<string> Remarks);
