using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>A row as the model reads it, with what is trained on.</summary>
/// <param name="Row">Row in the data, counted from 0.</param>
/// <param name="Spans">Its tokens in order.</param>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record VlmRowPreview(long Row, IReadOnlyList<VlmPreviewSpan> Spans)
{
    private const string Green = "\u001b[30;42m";
    private const string Dim = "\u001b[2m";
    private const string Cyan = "\u001b[36m";
    private const string Plain = "\u001b[0m";

    /// <summary>Number of tokens.</summary>
    public int TokenCount => Spans.Sum(span => span.TokenCount);

    /// <summary>Number of tokens that are trained on.</summary>
    public int TrainedCount => Spans.Where(span => span.IsTrained).Sum(span => span.TokenCount);

    /// <summary>Plain text: what is trained stands between ⟦ and ⟧, an image as <c>&lt;image x 64&gt;</c>.</summary>
    public override string ToString() => Write(span => span.IsTrained ? ("⟦", "⟧") : ("", ""));

    /// <summary>For terminals: what is trained on green ground, images in cyan, the rest dim (ANSI escape codes). Control characters of the row's texts are shown, not sent.</summary>
    public string ToAnsi() => Write(span => (span.IsTrained ? Green : span.IsImage ? Cyan : Dim, Plain));

    private string Write(Func<VlmPreviewSpan, (string Before, string After)> mark)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"row {Row}: {TrainedCount} of {TokenCount} tokens trained\n");
        foreach (VlmPreviewSpan span in Spans)
        {
            (string before, string after) = mark(span);
            if (span.AnswerName is { } name)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n{name}: ");
            }
            text.Append(before).Append(span.IsImage ? string.Create(CultureInfo.InvariantCulture, $"<image x {span.TokenCount}>") : Visible(span.Text)).Append(after);
        }
        return text.ToString();
    }

    private static string Visible(string text)
        => string.Concat(text.Select(character => char.IsControl(character) && character != '\n' ? FormattableString.Invariant($"\\u{(int)character:x4}") : character.ToString()));
}
