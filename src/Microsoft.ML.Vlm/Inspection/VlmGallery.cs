using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Notebooks;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm;

/// <summary>Rows of data to be looked at: pictures beside texts and numbers. A notebook shows it as a table with the pictures, a console as lines of text.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Html])]
public sealed class VlmGallery : INotebookOutput
{
    private readonly IReadOnlyList<string> _names;
    private readonly IReadOnlyList<(long Row, IReadOnlyList<byte[]> Pictures, IReadOnlyList<string> Texts)> _rows;

    /// <summary>Made by <see cref="VlmOperations.Gallery"/>.</summary>
    /// <param name="names">Columns of texts and numbers.</param>
    /// <param name="rows">Their values, behind PNG files of the row's pictures.</param>
    internal VlmGallery(IReadOnlyList<string> names, IReadOnlyList<(long Row, IReadOnlyList<byte[]> Pictures, IReadOnlyList<string> Texts)> rows) => (_names, _rows) = (names, rows);

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>The table as a piece of HTML that holds its pictures. It has no styles and no script; texts of the data are encoded.</summary>
    public string ToHtml()
        => PictureTable.Write(_names.Prepend("Images"), _rows.Select(row => row.Texts.Select(PictureTable.Text).Prepend(PictureTable.Pictures(row.Pictures))));

    /// <summary>A line for each row: number of images, then texts and numbers by the names of their columns.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach ((long row, IReadOnlyList<byte[]> pictures, IReadOnlyList<string> texts) in _rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"row {row}, {pictures.Count} image{(pictures.Count == 1 ? "" : "s")}: ");
            text.AppendJoin(" | ", _names.Zip(texts, (name, value) => $"{name}: {value.ReplaceLineEndings(" ")}")).Append('\n');
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    string? INotebookOutput.ToNotebook(string mimeType) => mimeType == NotebookFormats.Html ? ToHtml() : null;
}
