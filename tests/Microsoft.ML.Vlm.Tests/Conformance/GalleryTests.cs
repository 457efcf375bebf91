using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class GalleryTests : IDisposable
{
    private readonly ColorData _data = new(8);
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Rows_are_shown_with_their_pictures()
    {
        VlmGallery gallery = _ml.Vlm().Gallery(_ml.Data.LoadVlm(WriteLines()), rows: 2);
        Assert.Equal(2, gallery.Count);
        Assert.Equal("row 0, 1 image: Prompt: which color 0? | Label: red\nrow 1, 1 image: Prompt: which color 1? | Label: green\n", gallery.ToString());
        string html = ((INotebookOutput)gallery).ToNotebook(NotebookFormats.Html)!;
        Assert.StartsWith("<table>\n<tr><th align=\"left\">Images</th><th align=\"left\">Prompt</th><th align=\"left\">Label</th></tr>\n", html, StringComparison.Ordinal);
        Assert.Equal([12, 13], Pictures(html).Select(picture => picture.Width));
        Assert.Equal((20, 200, 21), Pictures(html)[1] is var second ? (second.Samples[0], second.Samples[1], second.Samples[2]) : default);
        Assert.Null(((INotebookOutput)gallery).ToNotebook(NotebookFormats.Svg));
    }

    [Fact]
    public void Images_of_ML_NET_and_columns_of_ones_own_are_shown()
    {
        IDataView data = _data.LoadWithImages(_ml);
        Assert.StartsWith("row 0, 1 image: Prompt: which color 0? | Label: red\n", _ml.Vlm().Gallery(data).ToString(), StringComparison.Ordinal);
        VlmGallery chosen = _ml.Vlm().Gallery(data, rows: 1, columns: ["Number", "ImagePath"]);
        Assert.Equal("row 0, 1 image: Number: 0 | ImagePath: 0.png\n", chosen.ToString());
        Assert.Equal(12, Assert.Single(Pictures(chosen.ToHtml())).Width);

        // Where no column has a name that the library gives, all are shown.
        IDataView renamed = _ml.Transforms.CopyColumns("question", "Prompt").Append(_ml.Transforms.DropColumns("Prompt")).Fit(data).Transform(data);
        Assert.StartsWith("row 0, 1 image: ImagePath: 0.png | Label: red | Number: 0 | question: which color 0?\n", _ml.Vlm().Gallery(renamed).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Behind_a_model_its_answers_are_shown()
    {
        IDataView data = _ml.Data.LoadVlm(WriteLines());
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data);
        string answer = model.Answers(_ml, data)[0].Response;
        Assert.Contains($"Response: {answer.ReplaceLineEndings(" ")}", _ml.Vlm().Gallery(model.Transform(_ml.Data.TakeRows(data, 1))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_of_the_data_stay_texts()
    {
        _data.Rows[0].Prompt = "<script>alert(1)</script>\nwhich?";
        string html = _ml.Vlm().Gallery(_data.LoadWithImages(_ml), rows: 1).ToHtml();
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>which?", html, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_shown_is_said()
    {
        IDataView data = _data.LoadWithImages(_ml);
        Assert.Contains("Could not find shown column 'Anser'", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Gallery(data, columns: ["Anser"])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Gallery(data, columns: ["Image"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Gallery(data, rows: 0));
        IDataView numbers = _ml.Transforms.SelectColumns("Number").Fit(_data.Load(_ml)).Transform(_data.Load(_ml));
        Assert.Contains("has no text column", Assert.Throws<InvalidOperationException>(() => _ml.Vlm().Gallery(numbers)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private static PixelImage[] Pictures(string html)
        => [.. html.Split("data:image/png;base64,").Skip(1).Select(part => ImageDecoder.Decode(Convert.FromBase64String(part[..part.IndexOf('"', StringComparison.Ordinal)]), "picture"))];

    private string WriteLines()
    {
        File.WriteAllLines(_data.Path("train.jsonl"), _data.Rows.Select(row => $$"""{"image": "{{row.ImagePath}}", "prompt": "{{row.Prompt}}", "completion": "{{row.Label}}", "source": "drawn"}"""));
        return _data.Path("train.jsonl");
    }
}
