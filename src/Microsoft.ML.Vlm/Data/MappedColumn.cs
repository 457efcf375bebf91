namespace Microsoft.ML.Vlm.Data;

/// <summary>A column of the loaded data and where its values come from.</summary>
/// <param name="Name">Its name in the loaded data.</param>
/// <param name="Form">What becomes of the values.</param>
/// <param name="Sources">Where they come from; several only for images.</param>
internal sealed record MappedColumn(string Name, ColumnForm Form, IReadOnlyList<FieldPath> Sources)
{
    /// <summary>Whether the column is one of those that models read, not just passed through.</summary>
    public bool IsRole { get; init; }

    /// <summary>One line: what comes from where.</summary>
    public override string ToString() => $"{Name} <- {string.Join(", ", Sources)}" + Form switch
    {
        ColumnForm.Text when Sources[0].Type.Kind is DataKind.List or DataKind.Mixed => " (the first where there are several)",
        ColumnForm.Text when Sources[0].Type.ClassNames is not null => " (name of the class)",
        ColumnForm.Turns or ColumnForm.TurnsWithPlaces => " (conversation)",
        ColumnForm.AnswerTurn => " (turn of the assistant)",
        ColumnForm.Images when Sources[0].Type.IsConversation => " (images in the turns)",
        ColumnForm.Images => Sources[0].Type.Kind is DataKind.Text or DataKind.Mixed || Sources[0].Type.Element?.Kind == DataKind.Text ? " (paths of images)" : " (images in the data)",
        ColumnForm.Json => " (as JSON)",
        _ => "",
    };
}
