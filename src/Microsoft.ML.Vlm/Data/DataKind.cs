namespace Microsoft.ML.Vlm.Data;

/// <summary>What a field of a data file holds. Behind each is the .NET type of its values; every value may be null.</summary>
internal enum DataKind
{
    /// <summary>Nothing but nulls.</summary>
    Null,

    /// <summary><see cref="bool"/>.</summary>
    Boolean,

    /// <summary><see cref="long"/>, or <see cref="ulong"/> above its range.</summary>
    Integer,

    /// <summary><see cref="double"/>, or <see cref="float"/> where the file has only that precision.</summary>
    Real,

    /// <summary><see cref="string"/>.</summary>
    Text,

    /// <summary><c>byte[]</c>.</summary>
    Bytes,

    /// <summary>A date, a time or a decimal number, as a <see cref="string"/>.</summary>
    Stamp,

    /// <summary><c>List&lt;object?&gt;</c>.</summary>
    List,

    /// <summary><see cref="DataRecord"/>.</summary>
    Struct,

    /// <summary><c>List&lt;object?&gt;</c> of <see cref="DataRecord"/>s with <c>key</c> and <c>value</c>.</summary>
    Map,

    /// <summary>Values of several kinds, as JSON may have.</summary>
    Mixed,

    /// <summary>A type that is not read.</summary>
    Unsupported,
}
