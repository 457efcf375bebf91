using System.Globalization;
using System.Net;
using System.Text;

namespace Charts;

/// <summary>Writes a page that shows pictures, questions and answers; it needs no other file.</summary>
internal static class ReportPage
{
    private const string Style = """
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
        .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem }
        .card { border: 1px solid #ddd; border-radius: .5rem; padding: 1rem }
        .card img { display: block; max-width: 100%; min-width: 50%; max-height: 20rem; margin: 0 auto .5rem; image-rendering: pixelated }
        .right { color: #187018 } .wrong { color: #a02020 } .before { color: #777 }
        svg { width: 100%; height: auto; font-size: 13px }
        """;

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dataFolder">Where the pictures are.</param>
    /// <param name="results">What the run found.</param>
    /// <param name="cards">Questions to show.</param>
    public static void Write(string path, string dataFolder, RunResults results, IEnumerable<ReportCard> cards)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Questions about charts</title><style>{Style}</style>
            <h1>Questions about charts</h1>
            <p>{results.Metric} on {results.TestRows} questions about charts that were not trained on:
            <b>{100 * results.AccuracyBefore:0.0} %</b> before, <b>{100 * results.AccuracyAfter:0.0} %</b> after {results.Epochs} passes
            over {results.TrainingRows} questions in {results.SecondsTraining:0} seconds.</p>
            {Preferences(results)}
            <h2>Loss</h2>
            {LossCurve.Draw(results.Losses)}
            <h2>Answers</h2>
            <div class="cards">
            """);
        foreach (ReportCard card in cards)
        {
            page.Append(CultureInfo.InvariantCulture, $"""

                <div class="card"><img alt="" src="{DataUri(Path.Combine(dataFolder, card.ImagePath))}">
                <div><b>{Encode(card.Query)}</b></div>
                <div class="before">before: {Encode(card.Before)}</div>
                <div class="{(card.IsRight ? "right" : "wrong")}">after: {Encode(card.After)}</div>
                <div>right: {Encode(card.Answer)}</div></div>
                """);
        }
        page.Append("\n</div></html>\n");
        SafeFile.WriteText(path, page.ToString());
    }

    private static string Preferences(RunResults results) => results.PreferenceAfter is not double after ? "" : string.Create(CultureInfo.InvariantCulture, $"""
        <p>Then it learned from pairs of a better and a worse answer in {results.SecondsPreferences:0} seconds: in <b>{100 * after:0.0} %</b> of pairs about charts that were not trained on it has moved
        to the better one ({100 * results.PreferenceBefore:0.0} % before the first step), and it scores <b>{100 * results.AccuracyAfterDpo:0.0} %</b> on the questions.
        <a href="comparison.html">Both models side by side</a></p>
        """);

    // Answers and questions are text from outside: nothing of them may become part of the page's own code.
    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static string DataUri(string path)
    {
        string type = Path.GetExtension(path).ToLowerInvariant() switch { ".jpg" or ".jpeg" => "jpeg", ".gif" => "gif", ".webp" => "webp", ".bmp" => "bmp", _ => "png" };
        return $"data:image/{type};base64,{Convert.ToBase64String(File.ReadAllBytes(path))}";
    }
}
