namespace Microsoft.ML.Vlm.Data;

/// <summary>Rows in files or a stream. They can be read any number of times, and by several readers at once.</summary>
internal interface IRowSource
{
    /// <summary>Path or glob; shown in errors.</summary>
    string Name { get; }

    /// <summary>The columns.</summary>
    IReadOnlyList<DataField> Fields { get; }

    /// <summary>Number of rows.</summary>
    long RowCount { get; }

    /// <summary>Starts in front of the first row.</summary>
    /// <param name="fields">The columns that will be read, by their places in <see cref="Fields"/>; the others cost nothing.</param>
    IRowReader Open(IReadOnlySet<int> fields);
}
