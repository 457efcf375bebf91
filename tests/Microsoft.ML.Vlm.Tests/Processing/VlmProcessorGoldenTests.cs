using System.Text.Json;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Images;

namespace Microsoft.ML.Vlm.Tests.Processing;

/// <summary>Rows through template, tokenizer and image processor, against what transformers' processor returned: every id and every pixel.</summary>
[Trait("Category", "Golden")]
public class VlmProcessorGoldenTests
{
    public static TheoryData<string> Cases => GoldenInputs.Cases();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_equal_the_reference_in_ids_and_pixels(string name)
    {
        using var golden = GoldenInputs.Open(name);
        JsonElement meta = ReferenceRows.Json(["golden", "inputs", .. name.Split('/'), "meta.json"]);
        var processor = VlmProcessor.Load(golden.Model, Options(meta.GetProperty("processor_kwargs")));
        bool isPrompt = meta.GetProperty("add_generation_prompt").GetBoolean();
        int rows = meta.GetProperty("messages").GetArrayLength();
        Assert.Equal(rows, golden.Samples.Count);
        for (int row = 0; row < rows; row++)
        {
            var example = new VlmExample
            {
                Prompt = ReferenceRows.Messages(meta.GetProperty("messages")[row], row),
                Images = [.. Images(meta, row).Select(ReferenceImages.Read)],
                Row = row,
            };

            VlmSample sample = isPrompt ? processor.CreatePrompt(example) : processor.CreateTraining(example, LabelMasking.TrlFullSequence);

            VlmSample expected = golden.Samples[row];
            Assert.Equal(expected.Tokens, sample.Tokens);
            Assert.Equal(isPrompt ? 0 : sample.Tokens.Length - 1, sample.TargetCount);
            Assert.Equal(Places(expected), Places(sample));
            Assert.Equal(
                expected.Images.SelectMany(image => image.Samples).ToArray().AsSpan(), sample.Images.SelectMany(image => image.Samples).ToArray().AsSpan());
            for (int image = 0; image < sample.Images.Count; image++)
            {
                int places = sample.Spans.Where(span => span.Image == image).Sum(span => span.Length);
                Assert.Equal(sample.Images[image].Count * processor.TokensPerTile, places);
            }
            foreach (ImageTiles image in sample.Images)
            {
                Assert.Equal(expected.Images[0].Normalization.Mean, image.Normalization.Mean);
                Assert.Equal(expected.Images[0].Normalization.Deviation, image.Normalization.Deviation);
            }
        }
    }

    private static int[] Places(VlmSample sample) => [.. sample.Spans.SelectMany(span => Enumerable.Range(span.Start, span.Length))];

    private static IEnumerable<string> Images(JsonElement meta, int row)
        => meta.GetProperty("images") is { ValueKind: JsonValueKind.Array } images && row < images.GetArrayLength() && images[row].ValueKind == JsonValueKind.Array
            ? images[row].EnumerateArray().Select(image => image.GetString()!)
            : [];

    private static ImageOptions Options(JsonElement arguments)
    {
        var options = new ImageOptions();
        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            options = argument.Name switch
            {
                "padding" or "padding_side" or "add_special_tokens" => options,
                "do_image_splitting" => options with { SplitImages = argument.Value.GetBoolean() },
                _ => throw new NotSupportedException($"The case uses '{argument.Name}'."),
            };
        }
        return options;
    }
}
