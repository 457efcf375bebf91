using Microsoft.ML.Vlm.Images;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Gives the features of images: computed (<see cref="VisionFeatures.Encode"/>), or kept from before, which are the same bits.</summary>
/// <param name="images">At least one image, none twice.</param>
/// <returns><c>[features, hidden]</c>: all features of the first image, then those of the second, and so on. They belong to the caller's dispose scope.</returns>
internal delegate Tensor FeatureSource(IReadOnlyList<ImageTiles> images);
