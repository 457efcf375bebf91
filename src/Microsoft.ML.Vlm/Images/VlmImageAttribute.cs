using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Vlm;

/// <summary>Marks a property of type <see cref="MLImage"/> as an image column of any size.</summary>
/// <remarks>ML.NET's own <see cref="ImageTypeAttribute"/> throws when it is given no size, and with one refuses images of other sizes.</remarks>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class VlmImageAttribute : DataViewTypeAttribute
{
    /// <inheritdoc/>
    public override void Register() => DataViewTypeManager.Register(new ImageDataViewType(), typeof(MLImage), this);

    /// <inheritdoc/>
    public override bool Equals(DataViewTypeAttribute? other) => other is VlmImageAttribute;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(VlmImageAttribute).GetHashCode();
}
