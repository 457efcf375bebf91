using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>Images of one color with a question, a right and a wrong answer each.</summary>
internal sealed class PairData : IDisposable
{
    private readonly ColorData _colors;

    /// <summary>Writes the images.</summary>
    public PairData(int count = 8)
    {
        _colors = new ColorData(count);
        Rows = [.. _colors.Rows.Select((row, index) => new Row
        {
            ImagePath = row.ImagePath, Prompt = row.Prompt, Chosen = row.Label, Rejected = _colors.Rows[(index + 1) % count].Label + "ish",
        })];
    }

    /// <summary>The rows; tests may change them.</summary>
    public Row[] Rows { get; }

    /// <summary>A path beside the images.</summary>
    public string Path(string name) => _colors.Path(name);

    /// <summary>The rows with the column <c>Image</c>.</summary>
    public IDataView Load(MLContext ml)
    {
        IDataView rows = ml.Data.LoadFromEnumerable(Rows);
        return ml.Transforms.LoadImages("Image", _colors.Folder, nameof(Row.ImagePath)).Fit(rows).Transform(rows);
    }

    public void Dispose() => _colors.Dispose();

    internal sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Chosen { get; set; } = "";

        public string Rejected { get; set; } = "";
    }
}
