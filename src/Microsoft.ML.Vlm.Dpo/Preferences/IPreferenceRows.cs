using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Preference data whose texts have been looked through.</summary>
internal interface IPreferenceRows
{
    /// <summary>What is worth a warning, one sentence each.</summary>
    IEnumerable<string> Remarks { get; }

    /// <summary>What the data consists of beside texts and images, hashed, by a name for it.</summary>
    IReadOnlyDictionary<string, string> Fingerprint { get; }

    /// <summary>A row as the model reads it: a prompt and two answers. For several threads.</summary>
    /// <param name="example">The row.</param>
    /// <param name="images">The image processing.</param>
    /// <param name="withSamples">False for a row that is only measured.</param>
    /// <exception cref="InvalidDataException">The row cannot be processed; names it.</exception>
    VlmSample Create(VlmExample example, ImageProcessor images, bool withSamples);
}
