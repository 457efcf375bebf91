namespace Microsoft.ML.Vlm.Data;

/// <summary>Which column of loaded data comes from where.</summary>
/// <param name="Layout">The data set's layout, or how else the columns were found.</param>
/// <param name="Columns">Columns that models read first, then those that are passed through under their own names.</param>
internal sealed record ColumnMap(string Layout, IReadOnlyList<MappedColumn> Columns)
{
    private static readonly string[] s_wordsForImages = ["image", "img", "picture", "photo", "file", "path"];

    /// <summary>Decides the columns.</summary>
    /// <param name="name">The data; shown in errors.</param>
    /// <param name="fields">Its columns.</param>
    /// <param name="mapping">What the user said; may be empty.</param>
    /// <param name="first">The first row's value of a column by its place, for texts with columns of their own inside; null where there is no row to look at.</param>
    /// <exception cref="InvalidDataException">Columns are unknown or ambiguous; lists them and says what to write.</exception>
    public static ColumnMap Create(string name, IReadOnlyList<DataField> fields, IEnumerable<KeyValuePair<string, string>> mapping, Func<int, object?>? first = null)
    {
        List<MappedColumn> mapped = Mapped(name, fields, [.. mapping]);
        bool hasTexts = mapped.Any(column => column.IsRole && column.Name != ColumnRoles.Image);
        (string layout, IReadOnlyList<MappedColumn> texts) = hasTexts ? ("as mapped", []) : Recognize(name, fields, first);
        IReadOnlyList<MappedColumn> images = mapped.Any(column => column.Name == ColumnRoles.Image) ? [] : Images(name, fields, texts);
        MappedColumn[] roles = AlignForms(name, WithImagesInTurns([.. texts, .. mapped.Where(column => column.IsRole), .. images]));
        HashSet<string> taken = [.. roles.Select(column => column.Name), .. mapped.Select(column => column.Name)];
        // Paths stay as texts beside their images: rows of one picture can be kept together by them.
        HashSet<string> used = [.. roles.Where(column => column.Form == ColumnForm.Images).SelectMany(column => column.Sources).Where(source => PassedForm(source.Type) == ColumnForm.Images).Select(source => source.ToString())];
        return new ColumnMap(layout, [.. roles, .. mapped.Where(column => !column.IsRole), .. PassedThrough(fields).Where(column => !taken.Contains(column.Name) && !used.Contains(column.Name))]);
    }

    /// <summary>The columns with all others made unknown, in their places.</summary>
    /// <param name="name">The data; shown in errors.</param>
    /// <param name="fields">Its columns.</param>
    /// <param name="chosen">Names of those that are looked at; empty for all.</param>
    /// <exception cref="InvalidDataException">There is no such column; names the nearest.</exception>
    public static IReadOnlyList<DataField> Only(string name, IReadOnlyList<DataField> fields, IReadOnlyList<string> chosen)
    {
        if (chosen.FirstOrDefault(column => fields.All(field => field.Name != column)) is { } unknown)
        {
            throw new InvalidDataException($"'{name}' has no column '{unknown}'.{NearestName.Hint(unknown, [.. fields.Select(field => field.Name)])}");
        }
        return chosen.Count == 0 ? fields : [.. fields.Select(field => chosen.Contains(field.Name) ? field : new DataField("", new DataType(DataKind.Null)))];
    }

    /// <summary>A line for each column that models read: what comes from where.</summary>
    public override string ToString() => $"{Layout}: {string.Join("; ", Columns.Where(column => column.IsRole))}";

    private static List<MappedColumn> Mapped(string name, IReadOnlyList<DataField> fields, IReadOnlyList<KeyValuePair<string, string>> mapping)
    {
        List<MappedColumn> columns = [];
        foreach (IGrouping<string, KeyValuePair<string, string>> target in mapping.GroupBy(pair => ColumnRoles.Of(pair.Value) ?? pair.Value, StringComparer.Ordinal))
        {
            FieldPath[] sources = [.. target.Select(pair => FieldPath.Find(fields, pair.Key) ?? throw new InvalidDataException(
                $"'{name}' has no column '{pair.Key}', which is mapped to {pair.Value}.{NearestName.Hint(pair.Key, [.. fields.Select(field => field.Name)])}")).OrderBy(path => path.Field)];
            bool isRole = ColumnRoles.Of(target.Key) == target.Key;
            if (sources.Length > 1 && target.Key != ColumnRoles.Image)
            {
                throw new InvalidDataException($"Columns {string.Join(" and ", sources.Select(source => $"'{source}'"))} of '{name}' are both mapped to {target.Key}; only images may come from several.");
            }
            ColumnForm form = isRole
                ? sources.Select(source => ColumnRoles.FormOf(target.Key, source.Type) ?? throw new InvalidDataException(
                    $"Column '{source}' of '{name}' is {source.Type}, which cannot become {target.Key}. {Example(fields)}")).First()
                : PassedForm(sources[0].Type) ?? ColumnForm.Json;
            columns.Add(new(target.Key, form, sources) { IsRole = isRole });
        }
        return columns;
    }

    private static (string Layout, IReadOnlyList<MappedColumn> Columns) Recognize(string name, IReadOnlyList<DataField> fields, Func<int, object?>? first)
    {
        (KnownLayout Layout, IReadOnlyList<MappedColumn> Columns)[] found =
            [.. KnownLayout.All.Select(layout => (layout, layout.FindIn(fields)!)).Where(pair => pair.Item2 is not null)];
        if (found.Any(pair => pair.Layout.LabelIsJudgement))
        {
            found = [.. found.Where(pair => pair.Layout.LabelIsJudgement)];
        }
        if (found.Length == 0 && KnownLayout.PlainText.FindIn(fields) is { } texts)
        {
            return KnownLayout.FindInText(texts[0].Sources[0], first?.Invoke(texts[0].Sources[0].Field) as string) is { } inside
                ? (KnownLayout.InText, inside) : (KnownLayout.PlainText.Name, texts);
        }
        return found.Length switch
        {
            1 => (found[0].Layout.Name, found[0].Columns),
            0 => throw new InvalidDataException($"The columns of '{name}' are of no known layout: {List(fields)}. {Example(fields)}"),
            _ => throw new InvalidDataException(
                $"The columns of '{name}' fit several layouts: {string.Join(" or ", found.Select(pair => $"{pair.Layout.Name} ({string.Join(", ", pair.Columns)})"))}. {Example(fields)}"),
        };
    }

    private static IReadOnlyList<MappedColumn> Images(string name, IReadOnlyList<DataField> fields, IReadOnlyList<MappedColumn> texts)
    {
        FieldPath[] typed = [.. fields.Where(field => field.Type.IsImage || field.Type.Element?.IsImage == true).Select(field => FieldPath.Find(fields, field.Name)!)];
        FieldPath? named = KnownLayout.ImageColumns.Select(column => KnownLayout.Find(fields, column))
            .FirstOrDefault(path => path is not null && (typed.Length > 0 ? typed.Any(image => image.Field == path.Field) : ColumnRoles.IsImages(path.Type)) && !texts.Any(text => text.Sources[0].Field == path.Field));
        FieldPath[] sources = named is not null ? [named] : typed;
        if (sources.Length > 1 && sources.Select(source => source.Names[0].TrimEnd("0123456789".ToCharArray())).Distinct().Count() > 1)
        {
            throw new InvalidDataException(
                $"'{name}' has several columns of images: {string.Join(", ", sources.AsEnumerable())}. Map those that the model shall see to Image; they follow the order of the columns. {Example(fields)}");
        }
        return sources.Length == 0 ? [] : [new(ColumnRoles.Image, ColumnForm.Images, sources) { IsRole = true }];
    }

    // Where no column has images, turns may have them. Two conversations with one beginning have the same ones.
    private static MappedColumn[] WithImagesInTurns(MappedColumn[] roles)
    {
        bool HoldsImages(MappedColumn column) => column.Form == ColumnForm.Turns && TurnParts.MayHoldImages(column.Sources[0].Type);
        MappedColumn? source = roles.Any(column => column.Name == ColumnRoles.Image) ? null : roles.FirstOrDefault(HoldsImages);
        return source is null ? roles :
        [
            .. roles.Select(column => HoldsImages(column) ? column with { Form = ColumnForm.TurnsWithPlaces } : column),
            new(ColumnRoles.Image, ColumnForm.Images, source.Sources) { IsRole = true },
        ];
    }

    // A prompt of turns asks for an answer of turns; a text becomes one.
    private static MappedColumn[] AlignForms(string name, MappedColumn[] roles)
    {
        if (roles.FirstOrDefault(column => column.Name == ColumnRoles.Prompt)?.Form is ColumnForm.Turns or ColumnForm.TurnsWithPlaces)
        {
            return [.. roles.Select(column => column.Name is ColumnRoles.Label or ColumnRoles.Completion or ColumnRoles.Chosen or ColumnRoles.Rejected && column.Form == ColumnForm.Text
                ? column with { Form = ColumnForm.AnswerTurn } : column)];
        }
        MappedColumn? turns = roles.FirstOrDefault(column => column.Name is ColumnRoles.Label or ColumnRoles.Completion && column.Form == ColumnForm.Turns);
        return turns is null ? roles : throw new InvalidDataException($"'{name}' has a conversation in '{turns.Sources[0]}' as label, but plain texts as prompt.");
    }

    private static IEnumerable<MappedColumn> PassedThrough(IReadOnlyList<DataField> fields)
        => fields.Select(field => (Field: field, Form: PassedForm(field.Type))).Where(pair => pair.Form is not null && !string.IsNullOrWhiteSpace(pair.Field.Name)).DistinctBy(pair => pair.Field.Name)
            .Select(pair => new MappedColumn(pair.Field.Name, pair.Form!.Value, [FieldPath.Find(fields, pair.Field.Name)!]));

    private static ColumnForm? PassedForm(DataType type) => type.Kind switch
    {
        _ when type.IsImage || type.Element?.IsImage == true => ColumnForm.Images,
        _ when type.ClassNames is not null => ColumnForm.Text,
        DataKind.Text or DataKind.Stamp => ColumnForm.Text,
        DataKind.Integer or DataKind.Real => ColumnForm.Number,
        DataKind.Boolean => ColumnForm.Boolean,
        DataKind.Bytes => ColumnForm.Bytes,
        DataKind.List when type.Element!.Kind is DataKind.Text => ColumnForm.Texts,
        DataKind.List when type.Element!.Kind is DataKind.Integer or DataKind.Real => ColumnForm.Numbers,
        _ => null,
    };

    private static string List(IReadOnlyList<DataField> fields) => string.Join(", ", fields.Where(field => field.Name.Length > 0).Select(field => $"{field.Name} ({field.Type})"));

    private static string Example(IReadOnlyList<DataField> fields)
    {
        string[] texts = [.. fields.Where(field => field.Type.Kind == DataKind.Text).Select(field => field.Name)];
        string? image = texts.FirstOrDefault(name => s_wordsForImages.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)));
        string[] others = [.. texts.Where(name => name != image)];
        (string prompt, string label) = (others.ElementAtOrDefault(0) ?? "question", others.ElementAtOrDefault(1) ?? "answer");
        string images = image is null ? "" : $", [\"{image}\"] = \"Image\"";
        return $"Say what they are, for instance new VlmDataOptions {{ ColumnMapping = {{ [\"{prompt}\"] = \"Prompt\", [\"{label}\"] = \"Label\"{images} }} }}; there are {ColumnRoles.List}.";
    }
}
