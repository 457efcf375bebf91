namespace Microsoft.ML.Vlm.Data;

/// <summary>What becomes of a value on its way to the user's column.</summary>
internal enum ColumnForm
{
    /// <summary>A text; of a list the first entry, of a class its name.</summary>
    Text,

    /// <summary>All texts of a list.</summary>
    Texts,

    /// <summary>A number; not a number where there is none.</summary>
    Number,

    /// <summary>All numbers of a list.</summary>
    Numbers,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Images: bytes of image files, or paths; of a conversation those in its turns.</summary>
    Images,

    /// <summary>A conversation as JSON.</summary>
    Turns,

    /// <summary>A conversation as JSON, with places where its turns have images, which come in a column of their own.</summary>
    TurnsWithPlaces,

    /// <summary>A text as the JSON of a conversation with one turn of the assistant.</summary>
    AnswerTurn,

    /// <summary>Anything as JSON.</summary>
    Json,
}
