using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Binds the image sequence loader to a schema and reads its rows.</summary>
internal sealed class ImageSequenceMapper : IRowMapper
{
    private readonly ImageSequenceLoadingTransformer _transformer;
    private readonly DataViewSchema.Column _input;

    private ImageSequenceMapper(IExceptionContext context, ImageSequenceLoadingTransformer transformer, DataViewSchema schema)
    {
        _transformer = transformer;
        Check(context, SchemaShape.Create(schema), transformer.InputColumnName);
        _input = schema[transformer.InputColumnName];
    }

    /// <summary>The schema behind the transformer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public static DataViewSchema OutputSchema(IHost host, ImageSequenceLoadingTransformer transformer, DataViewSchema schema)
        => RowToRowMapperTransform.GetOutputSchema(schema, new ImageSequenceMapper(host, transformer, schema));

    /// <summary>The data with the added column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public static IDataView Apply(IHost host, ImageSequenceLoadingTransformer transformer, IDataView input) => Bind(host, transformer, input);

    /// <summary>The same for rows that come one by one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public static IRowToRowMapper Apply(IHost host, ImageSequenceLoadingTransformer transformer, DataViewSchema schema)
        => Bind(host, transformer, new EmptyDataView(host, schema));

    /// <summary>What the schema will be, for estimators.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public static SchemaShape Promise(IExceptionContext context, SchemaShape schema, string outputColumnName, string inputColumnName)
    {
        Check(context, schema, inputColumnName);
        Dictionary<string, SchemaShape.Column> columns = schema.ToDictionary(column => column.Name);
        columns[outputColumnName] = new(outputColumnName, SchemaShape.Column.VectorKind.Scalar, ImageSequenceDataViewType.Instance, isKey: false);
        return new SchemaShape(columns.Values);
    }

    Func<int, bool> IRowMapper.GetDependencies(Func<int, bool> activeOutput) => activeOutput(0) ? column => column == _input.Index : _ => false;

    DataViewSchema.DetachedColumn[] IRowMapper.GetOutputColumns() => [new(_transformer.OutputColumnName, ImageSequenceDataViewType.Instance)];

    Delegate[] IRowMapper.CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action? disposer)
    {
        disposer = null;
        return [activeOutput(0) ? CreateGetter(input) : null!];
    }

    ITransformer IRowMapper.GetTransformer() => _transformer;

    void ICanSaveModel.Save(ModelSaveContext ctx) => ImageSequenceFormat.Save(_transformer, ctx);

    private static RowToRowMapperTransform Bind(IHost host, ImageSequenceLoadingTransformer transformer, IDataView input)
        => new(host, input, new ImageSequenceMapper(host, transformer, input.Schema), schema => new ImageSequenceMapper(host, transformer, schema));

    private static void Check(IExceptionContext context, SchemaShape schema, string name)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column column))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "path", name);
        }
        if (column.Kind == SchemaShape.Column.VectorKind.Scalar || column.ItemType is not TextDataViewType || column.IsKey)
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "path", name, "a vector of String", column.GetTypeString());
        }
    }

    private ValueGetter<ImageSequence> CreateGetter(DataViewRow input)
    {
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> getPaths = input.GetGetter<VBuffer<ReadOnlyMemory<char>>>(input.Schema[_input.Index]);
        VBuffer<ReadOnlyMemory<char>> paths = default;
        return (ref ImageSequence value) =>
        {
            getPaths(ref paths);
            var images = new List<PixelImage>();
            foreach (KeyValuePair<int, ReadOnlyMemory<char>> entry in paths.Items())
            {
                if (!entry.Value.IsEmpty)
                {
                    images.Add(Read(entry.Value.ToString(), entry.Key, input.Position));
                }
            }
            value = new ImageSequence(images);
        };
    }

    private PixelImage Read(string path, int entry, long row)
    {
        try
        {
            return ImageDecoder.Read(_transformer.ImageFolder is { } folder ? FolderPath.Resolve(folder, path) : path);
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException(FormattableString.Invariant($"Row {row:N0}, column '{_transformer.InputColumnName}', entry {entry}: {error.Message}"), error);
        }
    }
}
