using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm;

/// <summary>Marks a property of type <see cref="ImageSequence"/> as a column, for <c>LoadFromEnumerable</c>, <c>CreateEnumerable</c> and prediction engines.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class ImageSequenceAttribute : DataViewTypeAttribute
{
    /// <inheritdoc/>
    public override void Register() => DataViewTypeManager.Register(ImageSequenceDataViewType.Instance, typeof(ImageSequence), this);

    /// <inheritdoc/>
    public override bool Equals(DataViewTypeAttribute? other) => other is ImageSequenceAttribute;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(ImageSequenceAttribute).GetHashCode();
}
