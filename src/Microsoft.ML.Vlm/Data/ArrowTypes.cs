using Apache.Arrow;
using Apache.Arrow.Types;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Types of Apache Arrow, which columnar files are read into, as types of columns.</summary>
internal static class ArrowTypes
{
    /// <summary>The columns of a schema.</summary>
    public static IReadOnlyList<DataField> Fields(Schema schema) => [.. schema.FieldsList.Select(field => new DataField(field.Name, Of(field.DataType)))];

    private static DataType Of(IArrowType type) => type switch
    {
        NullType => new(DataKind.Null),
        BooleanType => new(DataKind.Boolean),
        HalfFloatType or FloatType or DoubleType => new(DataKind.Real),
        Decimal32Type or Decimal64Type or Decimal128Type or Decimal256Type => new(DataKind.Stamp),
        FixedSizeBinaryType or BinaryType or LargeBinaryType or BinaryViewType => new(DataKind.Bytes),
        IntegerType => new(DataKind.Integer),
        StringType or LargeStringType or StringViewType => new(DataKind.Text),
        TimestampType or Date32Type or Date64Type or TimeType => new(DataKind.Stamp),
        DictionaryType dictionary => Of(dictionary.ValueType),
        MapType map => new(DataKind.Map) { Fields = [new("key", Of(map.KeyField.DataType)), new("value", Of(map.ValueField.DataType))] },
        ListType list => DataType.ListOf(Of(list.ValueDataType)),
        LargeListType list => DataType.ListOf(Of(list.ValueDataType)),
        FixedSizeListType list => DataType.ListOf(Of(list.ValueDataType)),
        StructType structure => new(DataKind.Struct) { Fields = [.. structure.Fields.Select(field => new DataField(field.Name, Of(field.DataType)))] },
        _ => new(DataKind.Unsupported),
    };
}
