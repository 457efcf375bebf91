using System.Net;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Reports;

/// <summary>What all pages have in common: frame, style in light and dark, and how texts and pictures get into them. A page needs no other file, no network and no script.</summary>
internal static class HtmlPage
{
    private const string Style = """
        :root { color-scheme: light dark; --text: #222; --soft: #6b6b6b; --line: #ddd; --back: #fff; --right: #187018; --wrong: #a02020; --first: #1f6fc4; --second: #c4561f }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e4e4e4; --soft: #9a9a9a; --line: #3a3a3a; --back: #161616; --right: #6cc46c; --wrong: #e88; --first: #6aaef0; --second: #f0a06a } }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: var(--text); background: var(--back) }
        table { border-collapse: collapse; margin: 1rem 0 } th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem; text-align: right; overflow-wrap: anywhere }
        th:first-child, td:first-child { text-align: left } .texts td { text-align: left } .scroll { overflow-x: auto }
        .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem }
        .card { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; overflow-wrap: anywhere }
        .card img { display: block; max-width: 100%; min-width: 40%; max-height: 20rem; margin: 0 auto .5rem }
        .card .name { display: inline-block; min-width: 4rem; margin-right: .5rem; color: var(--soft) }
        .right { color: var(--right) } .wrong { color: var(--wrong) } .chance, .soft { color: var(--soft) }
        .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem }
        svg.chart { width: 100%; height: auto } summary { cursor: pointer }
        """;

    /// <summary>A whole page.</summary>
    /// <param name="title">Plain text.</param>
    /// <param name="body">HTML.</param>
    public static string Write(string title, string body) => $"""
        <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>{Encode(title)}</title><style>{Style}{LineChart.Style}</style>
        {body}</html>

        """;

    /// <summary>Plain text as HTML. Questions, answers and names come from outside: nothing of them may become part of the page's own code.</summary>
    public static string Encode(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A picture that is part of the page.</summary>
    /// <param name="png">A PNG file.</param>
    public static string Picture(byte[] png) => $"<img alt=\"\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">\n";

    /// <summary>Writes a page under a temporary name and renames it.</summary>
    /// <param name="path">The file; replaced only once the page is complete. Its folder is created if need be.</param>
    /// <param name="page">The page.</param>
    public static void Save(string path, string page) => AtomicFile.Write(path, temporary => File.WriteAllText(temporary, page));
}
