using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class ImageColumnTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(5);

    [Fact]
    public void Encoded_bytes_give_the_same_as_loaded_images_and_survive_cache_and_shuffle()
    {
        ColorData.Answer[] expected = Apply(["Image"], _data.LoadWithImages(_ml));

        IDataView bytes = _ml.Transforms.LoadRawImageBytes("Image", _data.Folder, "ImagePath").Fit(_data.Load(_ml)).Transform(_data.Load(_ml));

        VlmOptions.AssertSame(expected, Apply(["Image"], bytes));
        VlmOptions.AssertSame(expected, Apply(["Image"], _ml.Data.Cache(bytes)));
        using VlmTransformer trained = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_ml.Data.ShuffleRows(bytes));
        Assert.Equal(5, trained.Answers(_ml, bytes).Length);
    }

    [Fact]
    public void Several_columns_and_one_sequence_give_the_same()
    {
        using MLImage red = ColorData.Image(200, 10, 10, 9, 7), blue = ColorData.Image(10, 10, 200, 7, 9);
        IDataView columns = _ml.Data.LoadFromEnumerable([new Pair { Front = red, Back = blue }]);
        IDataView sequence = _ml.Data.LoadFromEnumerable([new Sequence { Images = ImageSequence.FromImages([red, blue]) }]);

        ColorData.Answer[] fromColumns = Apply(["Front", "Back"], columns);

        VlmOptions.AssertSame(fromColumns, Apply(["Images"], sequence));
        Assert.NotEqual(fromColumns[0].Score, Apply(["Back", "Front"], columns)[0].Score);
    }

    [Fact]
    public void Images_without_marks_come_first()
    {
        using VlmTransformer model = _ml.Transforms.ApplyVlm(TinyVlm.Folder).Fit(_data.LoadWithImages(_ml));
        using MLImage red = ColorData.Image(200, 10, 10), blue = ColorData.Image(10, 10, 200);

        double implied = model.Score("compare", [red, blue], "x"), marked = model.Score("<image><image>compare", [red, blue], "x");

        Assert.Equal(implied, marked);
        Assert.NotEqual(implied, model.Score("<image>compare<image>", [red, blue], "x"));
    }

    [Fact]
    public void Images_and_marks_must_match_in_number()
    {
        _data.Rows[1].Prompt = "<image> and <image>";
        IDataView data = _data.LoadWithImages(_ml);

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Apply(["Image"], data));

        Assert.Equal("Row 1: 1 image but 2 <image> places in 'Prompt'. Give one <image> per image, or none to put all images first.", error.Message);
        Assert.Throws<InvalidDataException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data));
    }

    [Fact]
    public void Rows_may_be_without_image()
    {
        using MLImage red = ColorData.Image(200, 10, 10);
        IDataView data = _ml.Data.LoadFromEnumerable([new Single { Image = red }, new Single()]);

        ColorData.Answer[] answers = Apply(["Image"], data);

        Assert.Equal(2, answers.Length);
        ColorData.Answer withoutColumn = Apply([], data)[1];
        Assert.Equal(withoutColumn.Response, answers[1].Response);
        Assert.Equal(withoutColumn.Score, answers[1].Score, 1e-4);
    }

    [Fact]
    public void An_image_that_cannot_be_decoded_is_named_with_its_row()
    {
        File.WriteAllBytes(_data.Path("2.png"), [1, 2, 3]);
        IDataView bytes = _ml.Transforms.LoadRawImageBytes("Image", _data.Folder, "ImagePath").Fit(_data.Load(_ml)).Transform(_data.Load(_ml));

        Assert.Contains("row 2", Assert.Throws<InvalidDataException>(() => Apply(["Image"], bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_callers_images_stay_usable()
    {
        using VlmTransformer model = _ml.Transforms.ApplyVlm(TinyVlm.Folder).Fit(_data.LoadWithImages(_ml));
        using MLImage image = ColorData.Image(1, 2, 3);

        Assert.Equal(model.Generate("which color?", [image]), model.Generate("which color?", [image]));
        Assert.Equal(8, image.Width);
    }

    public void Dispose() => _data.Dispose();

    private ColorData.Answer[] Apply(IReadOnlyList<string> images, IDataView data)
    {
        VlmScoringEstimator.Options options = VlmOptions.Applied();
        options.ImageColumnNames = images;
        using VlmTransformer model = _ml.Transforms.ApplyVlm(options).Fit(data);
        return model.Answers(_ml, data);
    }

    private sealed class Single
    {
        [VlmImage]
        public MLImage? Image { get; set; }

        public string Prompt { get; set; } = "which color?";

        public string Label { get; set; } = "red";
    }

    private sealed class Pair
    {
        [VlmImage]
        public MLImage? Front { get; set; }

        [VlmImage]
        public MLImage? Back { get; set; }

        public string Prompt { get; set; } = "compare";

        public string Label { get; set; } = "other";
    }

    private sealed class Sequence
    {
        [ImageSequence]
        public ImageSequence? Images { get; set; }

        public string Prompt { get; set; } = "compare";

        public string Label { get; set; } = "other";
    }
}
