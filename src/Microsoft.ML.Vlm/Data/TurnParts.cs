namespace Microsoft.ML.Vlm.Data;

/// <summary>Parts of turns that bring their image along, as chat models and their services write them, instead of marking the place of one.</summary>
internal static class TurnParts
{
    private const string Content = "content";

    // Of these fields the first that has a value is the image: of Qwen, of transformers, of OpenAI.
    private static readonly string[] s_images = ["image", "image_url", "url", "path", "bytes"];

    /// <summary>Whether turns of a type may have images in them. Parts beside plain texts tell no more than that.</summary>
    /// <param name="type">Type of a conversation.</param>
    public static bool MayHoldImages(DataType type) => type.Element?.Find(Content) is { } content
        && (content.Kind == DataKind.Mixed || content.Element is { } part && (part.Kind == DataKind.Mixed || s_images.Any(name => part.Find(name) is { Kind: not DataKind.Null })));

    /// <summary>The images of a turn, in their order.</summary>
    /// <param name="turn">The turn.</param>
    /// <exception cref="InvalidDataException">What a part names is no image.</exception>
    public static IEnumerable<ImageReference> ImagesOf(DataRecord turn)
        => turn.Find(Content) is List<object?> parts ? parts.OfType<DataRecord>().Where(IsImage).SelectMany(part => ImageOf(part) is { } image ? ColumnValues.ToImages(image) : []) : [];

    /// <summary>The turn with places where its images were.</summary>
    /// <param name="turn">The turn; it stays as it is.</param>
    public static DataRecord WithPlaces(DataRecord turn)
    {
        DataRecord bare = [];
        foreach ((string name, object? value) in turn)
        {
            bare[name] = name == Content && value is List<object?> parts ? parts.Select(part => part is DataRecord record ? WithPlace(record) : part).ToList() : value;
        }
        return bare;
    }

    private static DataRecord WithPlace(DataRecord part) => IsImage(part) ? new() { ["type"] = "image" }
        : part.Find("type") is null && part.Find("text") is string text ? new() { ["type"] = "text", ["text"] = text } : part;

    private static bool IsImage(DataRecord part) => part.Find("type") is string type ? type is "image" or "image_url" or "input_image" : part.Find("image") is not null || part.Find("image_url") is not null;

    private static object? ImageOf(DataRecord part)
    {
        object? value = s_images.Select(part.Find).FirstOrDefault(found => found is not null);
        value = value is DataRecord record && record.Find("url") is { } address ? address : value;
        return value is string text ? OfAddress(text) : value;
    }

    // An address that carries the image itself leads nowhere; one of a file is a path.
    private static object OfAddress(string text)
    {
        const string File = "file://", Data = "data:", Encoded = ";base64,";
        int start = text.StartsWith(Data, StringComparison.Ordinal) ? text.IndexOf(Encoded, StringComparison.Ordinal) : -1;
        if (start < 0)
        {
            return text.StartsWith(File, StringComparison.Ordinal) ? text[File.Length..] : text;
        }
        try
        {
            return Convert.FromBase64String(text[(start + Encoded.Length)..]);
        }
        catch (FormatException error)
        {
            throw new InvalidDataException($"The image of a turn is no base64: {error.Message}", error);
        }
    }
}
