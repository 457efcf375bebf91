namespace Microsoft.ML.Vlm.Data;

/// <summary>Reads rows in their order. Passing over a row costs no more than the file's form asks for: nothing of it is decoded.</summary>
internal interface IRowReader : IDisposable
{
    /// <summary>Where the current row stands, such as <c>train.jsonl, line 12</c>; shown in errors.</summary>
    string Place { get; }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False behind the last one.</returns>
    /// <exception cref="InvalidDataException">The file is damaged; says what and where.</exception>
    bool MoveNext();

    /// <summary>A value of the current row; see <see cref="DataKind"/> for its type.</summary>
    /// <param name="field">A column that the reader was opened for.</param>
    /// <exception cref="InvalidDataException">The file is damaged; says what and where.</exception>
    object? Read(int field);
}
