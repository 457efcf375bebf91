namespace Microsoft.ML.Vlm.Images;

/// <summary>How 8-bit samples become the numbers a vision tower reads: <c>(sample - mean) / deviation</c> for each channel, in float32.</summary>
/// <remarks>
/// The rescale factor of the checkpoint (1/255) is folded in as the reference does: mean = f32(image_mean) * f32(1/rescale_factor), likewise the deviation.
/// </remarks>
/// <param name="Mean">Three values, in units of samples (0 to 255).</param>
/// <param name="Deviation">Three values, in units of samples.</param>
internal sealed record ImageNormalization(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation);
