using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Names of the columns that are read and added, and the checks and promises that follow from them.</summary>
internal sealed record VlmColumns
{
    /// <summary>Image columns in the order of their places in the prompt; none for text alone.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Text column with the question.</summary>
    public required string Prompt { get; init; }

    /// <summary>Text column with the answer to learn, or to score.</summary>
    public required string Label { get; init; }

    /// <summary>Text column with a conversation as JSON, read instead of prompt and label; null for none.</summary>
    public string? Messages { get; init; }

    /// <summary>Text column with a text that is read as it is, instead of prompt and label; null for none.</summary>
    public string? Text { get; init; }

    /// <summary>
    /// Text column with a worse answer than the label's, for preference data; null for none. Where prompt and label are the same column, prompt and answers stand together in the answers'
    /// columns.
    /// </summary>
    [JsonIgnore]
    public string? Rejected { get; init; }

    /// <summary>Boolean column that says whether the label's answer is a good one, for unpaired preference data; null for none.</summary>
    [JsonIgnore]
    public string? Desirable { get; init; }

    /// <summary>Whether the prompt is the common beginning of two whole conversations.</summary>
    [JsonIgnore]
    public bool HasImplicitPrompt => Rejected is not null && Prompt == Label;

    /// <summary>The text column that the row's text is read from.</summary>
    [JsonIgnore]
    public string Source => Messages ?? Text ?? Prompt;

    /// <summary>Whether the answer stands in a column of its own.</summary>
    [JsonIgnore]
    public bool HasLabel => Messages is null && Text is null;

    /// <summary>Added text column with the generated answer, or null.</summary>
    public string? Response { get; init; }

    /// <summary>Added number column with the mean log-probability, or null.</summary>
    public string? Score { get; init; }

    /// <summary>Throws for names that are missing or given twice.</summary>
    /// <exception cref="ArgumentException">Says which.</exception>
    public void Validate()
    {
        if (Messages is not null && Text is not null)
        {
            throw new ArgumentException("MessagesColumnName and TextColumnName are both given; a row is a conversation or a plain text.");
        }
        string?[] names = [.. Images, .. HasLabel ? HasImplicitPrompt ? (string[])[Label] : [Prompt, Label] : [Source], .. Rejected is null ? Array.Empty<string>() : [Rejected]];
        if (names.Any(string.IsNullOrWhiteSpace) || Response is { } response && string.IsNullOrWhiteSpace(response) || Score is { } score && string.IsNullOrWhiteSpace(score))
        {
            throw new ArgumentException("A column name is empty. Output columns that are not wanted are null.");
        }
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Column '{twice.Key}' is named for two purposes; every image and every text needs a column of its own.");
        }
        if (Response is not null && Response == Score)
        {
            throw new ArgumentException($"The output column and the score column are both named '{Score}'.");
        }
    }

    /// <summary>Checks that a schema has the input columns with types that can be read.</summary>
    /// <param name="context">Marks the exceptions with the component they come from.</param>
    /// <param name="inputSchema">The input.</param>
    /// <param name="training">Whether the label is needed too.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has another type; says which and what was expected.</exception>
    public void Check(IExceptionContext context, SchemaShape inputSchema, bool training)
    {
        foreach (string image in Images)
        {
            if (!inputSchema.TryFindColumn(image, out SchemaShape.Column column))
            {
                throw context.Process(new ArgumentOutOfRangeException(
                    nameof(inputSchema),
                    $"Could not find image column '{image}'.{NearestName.Hint(image, [.. inputSchema.Select(known => known.Name)])} "
                    + "A column of paths becomes images by LoadImages, or in LoadVlm by VlmDataOptions.ColumnMapping ([\"path\"] = \"Image\"); for texts alone set ImageColumnNames = []. "
                    + "ML.NET drops image columns without a word at AppendCacheCheckpoint, Data.Cache and Data.ShuffleRows: put these before LoadImages, or load the images with LoadRawImageBytes, whose columns they keep."));
            }
            if (!IsImage(column))
            {
                throw context.ExceptSchemaMismatch(nameof(inputSchema), "image", image, "Image, ImageSequence or a vector of Byte", column.GetTypeString());
            }
        }

        CheckText(context, inputSchema, Messages is not null ? "messages" : Text is not null ? "text" : "prompt", Source);
        if (training && HasLabel)
        {
            CheckText(context, inputSchema, Rejected is null ? "label" : "chosen", Label);
        }
        if (training && Rejected is not null)
        {
            CheckText(context, inputSchema, "rejected", Rejected);
        }
        if (training && Desirable is not null)
        {
            CheckScalar(context, inputSchema, "label", Desirable, BooleanDataViewType.Instance);
        }
    }

    /// <inheritdoc cref="Check(IExceptionContext, SchemaShape, bool)"/>
    public void Check(IExceptionContext context, DataViewSchema inputSchema, bool training) => Check(context, SchemaShape.Create(inputSchema), training);

    /// <summary>The schema behind the transformer, as an estimator promises it before anything is computed.</summary>
    public SchemaShape Promise(SchemaShape input)
    {
        Dictionary<string, SchemaShape.Column> columns = input.ToDictionary(column => column.Name);
        if (Response is not null)
        {
            columns[Response] = new(Response, SchemaShape.Column.VectorKind.Scalar, TextDataViewType.Instance, isKey: false);
        }
        if (Score is not null)
        {
            columns[Score] = new(Score, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single, isKey: false, ScoreAnnotations.Promise());
        }
        return new SchemaShape(columns.Values);
    }

    /// <summary>The input's columns and ours behind them.</summary>
    public DataViewSchema AddTo(DataViewSchema input)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        if (Response is not null)
        {
            builder.AddColumn(Response, TextDataViewType.Instance);
        }
        if (Score is not null)
        {
            builder.AddColumn(Score, NumberDataViewType.Single, ScoreAnnotations.Create(input));
        }
        return builder.ToSchema();
    }

    /// <summary>What has to be computed for the added columns among <paramref name="wanted"/>.</summary>
    /// <param name="input">Schema before the transformer.</param>
    /// <param name="wanted">Columns of the schema behind it.</param>
    public VlmOutputs OutputsIn(DataViewSchema input, IEnumerable<DataViewSchema.Column> wanted)
    {
        VlmOutputs outputs = VlmOutputs.None;
        foreach (DataViewSchema.Column column in wanted.Where(column => column.Index >= input.Count))
        {
            outputs |= column.Name == Response ? VlmOutputs.Response : VlmOutputs.Score;
        }
        return outputs;
    }

    /// <summary>The input columns that have to be read for these outputs.</summary>
    public IEnumerable<DataViewSchema.Column> Needed(DataViewSchema input, VlmOutputs outputs)
    {
        if (outputs == VlmOutputs.None)
        {
            return [];
        }
        IEnumerable<DataViewSchema.Column> needed = Images.Append(Source).Select(name => input[name]);
        return outputs.HasFlag(VlmOutputs.Score) && FindLabel(input) is { } label ? needed.Append(label) : needed;
    }

    /// <summary>The columns that training reads.</summary>
    public IEnumerable<DataViewSchema.Column> Trained(DataViewSchema input) => Images.Select(name => input[name]).Concat(Texts(input));

    /// <summary>The text columns that training reads.</summary>
    public IEnumerable<DataViewSchema.Column> Texts(DataViewSchema input)
        => new[] { Source, HasLabel ? Label : null, Rejected }.OfType<string>().Distinct().Select(name => input[name]);

    /// <summary>Most images of a row, or null when a column holds any number.</summary>
    public int? MostImages(DataViewSchema input) => Images.Any(name => input[name].Type is ImageSequenceDataViewType) ? null : Images.Count;

    /// <summary>Columns with images that are not read; a forgotten one is a common reason why a model learns from texts alone.</summary>
    public IEnumerable<string> UnreadImages(DataViewSchema input)
        => input.Where(column => !column.IsHidden && column.Type is ImageDataViewType or ImageSequenceDataViewType && !Images.Contains(column.Name)).Select(column => column.Name);

    /// <summary>The label's column when the data has one that is text; data to predict on need not.</summary>
    public DataViewSchema.Column? FindLabel(DataViewSchema input) => !HasLabel ? null : input.GetColumnOrNull(Label) is { Type: TextDataViewType } column ? column : null;

    /// <summary>A getter for one of the added columns.</summary>
    /// <param name="column">The column.</param>
    /// <param name="answer">Gives what was computed for the current row.</param>
    /// <exception cref="InvalidOperationException">The column holds another type than <typeparamref name="TValue"/>.</exception>
    public ValueGetter<TValue> AnswerGetter<TValue>(DataViewSchema.Column column, Func<VlmAnswer> answer)
    {
        Delegate getter = column.Name == Response
            ? (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = answer().Response.AsMemory())
            : (ValueGetter<float>)((ref float value) => value = answer().Score);
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type}, which cannot be read as {typeof(TValue)}.");
    }

    private static bool IsImage(SchemaShape.Column column)
        => column.Kind == SchemaShape.Column.VectorKind.Scalar
            ? column.ItemType is ImageDataViewType or ImageSequenceDataViewType
            : column.ItemType == NumberDataViewType.Byte && !column.IsKey;

    private static void CheckText(IExceptionContext context, SchemaShape inputSchema, string role, string name)
        => CheckScalar(context, inputSchema, role, name, TextDataViewType.Instance);

    private static void CheckScalar(IExceptionContext context, SchemaShape inputSchema, string role, string name, PrimitiveDataViewType type)
    {
        if (!inputSchema.TryFindColumn(name, out SchemaShape.Column column))
        {
            throw context.Process(new ArgumentOutOfRangeException(
                nameof(inputSchema), $"Could not find {role} column '{name}'.{FormHint(inputSchema)}{NearestName.Hint(name, [.. inputSchema.Select(known => known.Name)])}"));
        }
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || !column.ItemType.Equals(type) || column.IsKey)
        {
            throw context.ExceptSchemaMismatch(nameof(inputSchema), role, name, type is TextDataViewType ? "String" : type.ToString()!, column.GetTypeString());
        }
    }
    // LoadVlm gives such columns their names by what the data holds.
    private static string FormHint(SchemaShape schema)
    {
        bool Has(string name) => schema.TryFindColumn(name, out _);
        return Has(ColumnRoles.Messages) ? $" The data holds conversations: set MessagesColumnName = \"{ColumnRoles.Messages}\"."
            : Has(ColumnRoles.Text) ? $" The data holds plain texts: set TextColumnName = \"{ColumnRoles.Text}\"."
            : Has(ColumnRoles.Chosen) && !Has(ColumnRoles.Prompt) ? " The data holds pairs without prompt: set HasImplicitPrompt, for conversations that begin alike."
            : Has(ColumnRoles.Chosen) ? " The data holds preferences: train with VlmDpo."
            : "";
    }
}
