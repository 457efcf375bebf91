using System.IO.Compression;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Quantized base models through ML.NET: trained, saved, loaded, applied.</summary>
public sealed class QuantizationTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(6);

    private string Zip => _data.Path("model.zip");

    [Theory]
    [InlineData(QuantizationType.Nf4)]
    [InlineData(QuantizationType.Fp4)]
    [InlineData(QuantizationType.Int8)]
    public void A_model_trained_on_a_quantized_base_comes_back_quantized_and_answers_the_same(QuantizationType type)
    {
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.Quantization = new QuantOptions { Type = type, BlockSize = 128 })).Fit(data);
        ColorData.Answer[] expected = model.Answers(_ml, data);
        _ml.Model.Save(model, null, Zip);

        using var loaded = (VlmTransformer)new MLContext().Model.Load(Zip, out _);

        VlmOptions.AssertSame(expected, loaded.Answers(_ml, data));
        Assert.Equal(new QuantOptions { Type = type, BlockSize = 128 }, loaded.Settings.Quantization);
        using ZipArchive zip = ZipFile.OpenRead(Zip);
        using StreamReader description = new(zip.Entries.Single(entry => entry.Name == "vlm.json").Open());
        Assert.Contains($"\"type\": \"{type}\"", description.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Quantized_and_plain_models_of_one_folder_are_not_mixed_up()
    {
        IDataView data = _data.LoadWithImages(_ml);
        VlmTransformer Apply(QuantOptions? quantization) => _ml.Transforms.ApplyVlm(new VlmScoringEstimator.Options
        {
            ModelPath = TinyVlm.Folder,
            Quantization = quantization,
            Generation = new() { MaxNewTokens = 3 },
        }).Fit(data);
        using VlmTransformer plain = Apply(null), quantized = Apply(QuantOptions.Nf4), other = Apply(QuantOptions.Nf4 with { SkipModules = QuantOptions.BitsAndBytesSkipModules });
        float[] scores = [.. new[] { plain, quantized, other }.Select(model => model.Answers(_ml, data)[0].Score)];
        Assert.Equal(3, scores.Distinct().Count());
    }

    [Theory]
    [InlineData(QuantizationType.Nf4)]
    [InlineData(QuantizationType.Int8)]
    public void A_quantized_model_is_written_as_a_folder_that_answers_the_same(QuantizationType type)
    {
        IDataView data = _data.LoadWithImages(_ml);
        QuantOptions options = new() { Type = type };
        using VlmTransformer model = _ml.Transforms.ApplyVlm(new VlmScoringEstimator.Options { ModelPath = TinyVlm.Folder, Quantization = options, Generation = new() { MaxNewTokens = 3 } }).Fit(data);
        string folder = _data.Path("quantized");
        model.SaveQuantizedModel(folder);

        using VlmTransformer loaded = _ml.Transforms.ApplyVlm(folder, generation: new() { MaxNewTokens = 3 }).Fit(data);

        VlmOptions.AssertSame(model.Answers(_ml, data), loaded.Answers(_ml, data));
        Assert.DoesNotContain(Directory.EnumerateFiles(folder), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.Contains("not quantized on loading", Assert.Throws<InvalidOperationException>(() => loaded.SaveQuantizedModel(folder)).Message, StringComparison.Ordinal);
        Assert.Contains("itself", Assert.Throws<InvalidOperationException>(() => model.SaveQuantizedModel(TinyVlm.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantized_weights_cannot_be_trained_themselves()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.Lora, o.Quantization) = (null, QuantOptions.Nf4))));
        Assert.Contains("Lora", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();
}
