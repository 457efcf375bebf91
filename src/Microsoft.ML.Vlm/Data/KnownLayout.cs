using System.Text.Json;

namespace Microsoft.ML.Vlm.Data;

/// <summary>The columns by which a kind of data set is recognized. Names are compared without regard to case.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Roles">A column for each role.</param>
/// <param name="WithoutRoles">Columns with which it is something else.</param>
internal sealed record KnownLayout(string Name, IReadOnlyList<(string Role, string Column)> Roles, params IReadOnlyList<string> WithoutRoles)
{
    private static readonly string[] s_questions = ["prompt", "question", "query"];

    // Where a data set has several columns with the answer, the first of these is the one to learn.
    private static readonly (string Question, string[] Answers)[] s_answers =
    [
        ("prompt", ["completion"]),
        ("question", ["answer", "multiple_choice_answer", "answers", "label"]),
        ("query", ["label", "answer", "answers"]),
    ];

    /// <summary>The layouts that are recognized.</summary>
    public static IReadOnlyList<KnownLayout> All { get; } =
    [
        new("TRL messages", [(ColumnRoles.Messages, "messages")]),
        new("LLaVA or ShareGPT conversations", [(ColumnRoles.Messages, "conversations")]),
        new("LLaVA or ShareGPT conversation", [(ColumnRoles.Messages, "conversation")]),
        new("The Cauldron", [(ColumnRoles.Messages, "texts")]),
        .. s_questions.Select(question => new KnownLayout(
            question switch { "prompt" => "TRL preferences", "question" => "RLAIF-V preferences", _ => "preferences" },
            [(ColumnRoles.Prompt, question), (ColumnRoles.Chosen, "chosen"), (ColumnRoles.Rejected, "rejected")])),
        new("TRL preferences without prompt", [(ColumnRoles.Chosen, "chosen"), (ColumnRoles.Rejected, "rejected")], s_questions),
        new("TRL unpaired preferences", [(ColumnRoles.Prompt, "prompt"), (ColumnRoles.Completion, "completion"), (ColumnRoles.Label, "label")]) { LabelIsJudgement = true },
        .. s_answers.SelectMany(pair => pair.Answers.Select((answer, index) => new KnownLayout(
            (pair.Question, answer) switch { ("prompt", _) => "TRL prompt and completion", ("query", "label") => "ChartQA", _ => "visual question answering" },
            [(ColumnRoles.Prompt, pair.Question), (ColumnRoles.Label, answer)],
            ["options", "choices", .. pair.Answers.Take(index)]))),
    ];

    /// <summary>The layout of plain texts, which other data sets may have beside their own.</summary>
    public static KnownLayout PlainText { get; } = new("plain texts", [(ColumnRoles.Text, "text")]);

    /// <summary>The layout of texts that are the JSON of a question and two answers.</summary>
    public const string InText = "RLHF-V preferences";

    /// <summary>Columns that hold images or paths of images, the first that is there.</summary>
    public static IReadOnlyList<string> ImageColumns { get; } = ["image", "images", "image_path", "image_paths", "file_name", "file_names", "filename", "img", "imgs", "picture", "pictures", "photo", "image_file", "image_name"];

    /// <summary>Whether the label is a truth value that says of an answer whether it is a good one. Such data has a prompt and a completion too, but is nothing to imitate as it is.</summary>
    public bool LabelIsJudgement { get; private init; }

    /// <summary>The places of the columns when data has this layout, else null.</summary>
    public IReadOnlyList<MappedColumn>? FindIn(IReadOnlyList<DataField> fields)
    {
        if (WithoutRoles.Any(name => Find(fields, name) is not null))
        {
            return null;
        }
        List<MappedColumn> columns = [];
        foreach ((string role, string name) in Roles)
        {
            if (Find(fields, name) is not { } path || (LabelIsJudgement && role == ColumnRoles.Label ? JudgementOf(path) : FormOf(role, path)) is not { } form)
            {
                return null;
            }
            columns.Add(new(role, form, [Target(path, form)]) { IsRole = true });
        }
        return columns;
    }

    /// <summary>The places of preferences inside of a text, or null when it is another text.</summary>
    /// <param name="path">The column of the text.</param>
    /// <param name="text">The text of the first row.</param>
    public static IReadOnlyList<MappedColumn>? FindInText(FieldPath path, string? text)
    {
        if (text?.TrimStart().StartsWith('{') != true || JsonValues.TryParse(text) is not { ValueKind: JsonValueKind.Object } value)
        {
            return null;
        }
        DataType type = JsonValues.TypeOf(value);
        return All.Where(layout => layout.Roles.Any(role => role.Role == ColumnRoles.Chosen)).Select(layout => layout.FindIn(type.Fields)).FirstOrDefault(found => found is not null)?
            .Select(column => column with { Sources = [.. column.Sources.Select(source => source with { Field = path.Field, Names = [.. path.Names, .. source.Names] })] }).ToArray();
    }

    /// <summary>A column by its name without regard to case.</summary>
    public static FieldPath? Find(IReadOnlyList<DataField> fields, string name)
        => fields.FirstOrDefault(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found ? FieldPath.Find(fields, found.Name) : null;

    private static ColumnForm? JudgementOf(FieldPath path) => path.Type.Kind == DataKind.Boolean ? ColumnForm.Boolean : null;

    private static ColumnForm? FormOf(string role, FieldPath path)
    {
        ColumnForm? form = ColumnRoles.FormOf(role, path.Type) ?? (IsAnswerList(path) ? ColumnForm.Text : null);
        return role == ColumnRoles.Messages && form != ColumnForm.Turns && path.Type.Kind != DataKind.Text ? null : form;
    }

    // VQAv2 keeps each person's answer with its confidence.
    private static bool IsAnswerList(FieldPath path) => path.Type.Element?.Find("answer") is { Kind: DataKind.Text };

    private static FieldPath Target(FieldPath path, ColumnForm form)
        => form == ColumnForm.Text && IsAnswerList(path) ? new(path.Field, [.. path.Names, "answer"], DataType.ListOf(new(DataKind.Text))) : path;
}
