namespace Microsoft.ML.Vlm.Data;

/// <summary>The columns that models read, by the names that the estimators look for.</summary>
internal static class ColumnRoles
{
    public const string Prompt = "Prompt";
    public const string Label = "Label";
    public const string Image = "Image";
    public const string Messages = "Messages";
    public const string Text = "Text";
    public const string Chosen = "Chosen";
    public const string Rejected = "Rejected";

    // Only recognized: where somebody maps columns, a completion is the label.
    public const string Completion = "Completion";

    private static readonly Dictionary<string, string> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["prompt"] = Prompt,
        ["label"] = Label,
        ["completion"] = Label,
        ["image"] = Image,
        ["images"] = Image,
        ["messages"] = Messages,
        ["text"] = Text,
        ["chosen"] = Chosen,
        ["rejected"] = Rejected,
    };

    /// <summary>All of them, for error messages.</summary>
    public static string List => "Prompt, Label, Image, Messages, Text, Chosen and Rejected";

    /// <summary>The role that a word means, or null.</summary>
    public static string? Of(string word) => s_words.GetValueOrDefault(word);

    /// <summary>How values of a type become a role's column, or null when they cannot.</summary>
    /// <param name="role">The role.</param>
    /// <param name="type">The type.</param>
    public static ColumnForm? FormOf(string role, DataType type)
    {
        if (role == Image)
        {
            return IsImages(type) ? ColumnForm.Images : null;
        }
        if (type.IsConversation)
        {
            return role == Text ? null : ColumnForm.Turns;
        }
        // Conversations may stand in a text column as JSON, too.
        return IsText(type) || (type.Kind == DataKind.List && IsText(type.Element!)) ? ColumnForm.Text : null;
    }

    /// <summary>Whether values are images, or paths of images.</summary>
    public static bool IsImages(DataType type) => HoldsImages(type) || type.Kind is DataKind.Text or DataKind.Mixed or DataKind.Null || type.Element?.Kind is DataKind.Text or DataKind.Null;

    /// <summary>Whether values are images by their type alone.</summary>
    public static bool HoldsImages(DataType type) => type.IsImage || type.Kind == DataKind.Bytes || type.Element is { IsImage: true } or { Kind: DataKind.Bytes };

    private static bool IsText(DataType type)
        => type.Kind is DataKind.Text or DataKind.Mixed or DataKind.Integer or DataKind.Real or DataKind.Boolean or DataKind.Stamp or DataKind.Null;
}
