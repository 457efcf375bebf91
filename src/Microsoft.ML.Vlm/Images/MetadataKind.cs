namespace Microsoft.ML.Vlm.Images;

/// <summary>What a block of an image file holds beside pixels.</summary>
internal enum MetadataKind
{
    /// <summary>EXIF: a TIFF header and directories.</summary>
    Exif,

    /// <summary>XMP: XML text.</summary>
    Xmp,

    /// <summary>XMP behind zlib compression.</summary>
    CompressedXmp,
}
