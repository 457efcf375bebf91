using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

public sealed partial class VlmTransformer
{
    private const int PictureWidth = 96;
    private const int PictureHeight = 64;

    /// <summary>
    /// Writes the model with the adapter merged into its weights, as a Hugging Face folder that transformers loads without PEFT (<c>merge_and_unload</c>). The written
    /// model is loaded again and compared with this one before the folder appears. On a quantized base <see cref="MergeOptions.Target"/> chooses what the adapter is merged into.
    /// </summary>
    /// <param name="directory">A new or empty folder.</param>
    /// <param name="options">Number format, size of files, prompts to compare on, largest gap; null for the defaults.</param>
    /// <returns>What was written, and how far both models are from each other.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is nothing to merge, or the base has no weights of the target; the folder is not empty; or the merged model differs by more than the options allow. Nothing is left behind.
    /// </exception>
    public MergeReport Merge(string directory, MergeOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        options ??= new MergeOptions();
        options.Validate();
        VlmExample[] questions = options.Prompts.Count > 0 ? [.. options.Prompts.Select(prompt => Question(prompt.Text, prompt.Images))] : BuiltInQuestions();
        using IChannel channel = _host.Start(nameof(Merge));
        MergeReport report = Engine.Merge(directory, options, questions);
        MLNetHost.Info(channel, report.ToString());
        if (report.AdapterEffect is { } effect && report.MeanGap > effect / 2)
        {
            MLNetHost.Warning(channel, report.Target == MergeTarget.Requantized
                ? "Quantizing the merged weights again has undone much of the training; merge with Target = MergeTarget.Dequantized, or keep the adapter apart."
                : Settings.Quantization is not null && report.Target == MergeTarget.Original
                ? "The quantized base and the original weights differ by much of what was trained; compare both on your task, or merge with Target = MergeTarget.Dequantized."
                : "Rounding the merged weights has undone much of the training; merge with Precision = VlmPrecision.Float32, or keep the adapter apart.");
        }
        return report;
    }

    /// <summary>What the adapter consists of and how much it changes the model; null without one.</summary>
    public AdapterReport? DescribeAdapter() => Engine.DescribeAdapter();

    private static VlmExample[] BuiltInQuestions()
    {
        byte[] samples = new byte[PictureWidth * PictureHeight * 3];
        for (int index = 0; index < samples.Length; index++)
        {
            int pixel = index / 3, column = pixel % PictureWidth, row = pixel / PictureWidth;
            samples[index] = (byte)((index % 3) switch { 0 => 2 * column, 1 => 3 * row, _ => column / 8 % 2 == 0 ? 40 : 220 });
        }
        PixelImage picture = new(PictureWidth, PictureHeight, samples);
        VlmExample Ask(string text, params PixelImage[] images) => new() { Prompt = [MessageBuilder.FromPrompt(text, images.Length, "prompt", 0)], Images = images };
        return [Ask("Describe the image.", picture), Ask("Which colors are there, from left to right?", picture), Ask("Name three things that are in a kitchen.")];
    }
}
