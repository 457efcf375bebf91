using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vlm.Reports;

/// <summary>Rows with pictures as a piece of HTML that stands in any page: a plain table, since notebooks and the sites that show them take styles out.</summary>
internal static class PictureTable
{
    private const int SmallestShown = 160;
    private const int LargestShown = 320;
    private const int WidthInHeader = 16;

    /// <summary>A table.</summary>
    /// <param name="names">The columns, plain text.</param>
    /// <param name="rows">Their cells, HTML.</param>
    public static string Write(IEnumerable<string> names, IEnumerable<IEnumerable<string>> rows)
    {
        StringBuilder table = new("<table>\n<tr>");
        table.AppendJoin("", names.Select(name => $"<th align=\"left\">{Text(name)}</th>")).Append("</tr>\n");
        foreach (IEnumerable<string> row in rows)
        {
            table.Append("<tr>").AppendJoin("", row.Select(cell => $"<td align=\"left\">{cell}</td>")).Append("</tr>\n");
        }
        return table.Append("</table>\n").ToString();
    }

    /// <summary>A cell of plain text.</summary>
    public static string Text(string text) => HtmlPage.Encode(text).ReplaceLineEndings("<br>");

    /// <summary>Plain text whose columns stand under each other.</summary>
    public static string Columns(string text) => $"<pre>{HtmlPage.Encode(text.TrimEnd())}</pre>\n";

    /// <summary>A cell of pictures, small ones enlarged.</summary>
    /// <param name="pictures">PNG files.</param>
    public static string Pictures(IReadOnlyList<byte[]> pictures) => string.Join(' ', pictures.Select(picture
        => $"<img alt=\"\" width=\"{Math.Clamp(BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(WidthInHeader)), SmallestShown, LargestShown)}\" src=\"data:image/png;base64,{Convert.ToBase64String(picture)}\">"));
}
