using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.DotNet.Interactive.Documents;
using Microsoft.DotNet.Interactive.Documents.Jupyter;

namespace Documentation;

/// <summary>Notebooks as files of Jupyter.</summary>
internal static class NotebookFile
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a file.</summary>
    /// <param name="cells">The cells.</param>
    /// <param name="outputs">What each of them shows.</param>
    public static string Write(IReadOnlyList<NotebookCell> cells, IReadOnlyList<IReadOnlyList<InteractiveDocumentOutputElement>> outputs)
    {
        InteractiveDocument document = new([.. cells.Zip(outputs, (cell, shown) => new InteractiveDocumentElement(cell.Source, cell.IsCode ? "csharp" : "markdown", shown))]);
        JsonNode json = JsonNode.Parse(document.ToJupyterJson("csharp"))!;

        // The format asks for names of cells, and for a count where there are outputs. Names that follow from the order keep changes small.
        int executed = 0;
        foreach ((int index, JsonNode? cell) in json["cells"]!.AsArray().Index())
        {
            cell!["id"] = $"cell-{index + 1}";
            if (cell["cell_type"]!.GetValue<string>() == "code")
            {
                cell["execution_count"] = ++executed;
            }
        }
        return json.ToJsonString(s_json) + "\n";
    }

    /// <summary>The cells of a file, read the way notebooks are opened.</summary>
    /// <param name="path">The file.</param>
    public static IReadOnlyList<(NotebookCell Cell, IReadOnlyList<InteractiveDocumentOutputElement> Outputs)> Read(string path)
        => [.. Notebook.Parse(File.ReadAllText(path)).Elements.Select(element
            => (new NotebookCell(element.KernelName == "csharp", element.Contents.ReplaceLineEndings("\n")), (IReadOnlyList<InteractiveDocumentOutputElement>)[.. element.Outputs]))];
}
