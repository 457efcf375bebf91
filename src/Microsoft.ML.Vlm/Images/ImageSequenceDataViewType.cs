using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm;

/// <summary>Column type of <see cref="ImageSequence"/>: several images a row, which ML.NET's vectors cannot hold.</summary>
public sealed class ImageSequenceDataViewType : StructuredDataViewType
{
    private ImageSequenceDataViewType()
        : base(typeof(ImageSequence))
    {
    }

    /// <summary>The type.</summary>
    public static ImageSequenceDataViewType Instance { get; } = new();

    /// <inheritdoc/>
    public override bool Equals(DataViewType? other) => other is ImageSequenceDataViewType;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ImageSequenceDataViewType;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(ImageSequenceDataViewType).GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => nameof(ImageSequence);
}
