using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>Some rows of the evaluation data, to which a model in training gives answers: from the questions alone, as they would be asked.</summary>
internal sealed class HeldOutAnswers
{
    private readonly VlmExample[] _rows;
    private readonly VlmSample[] _prompts;
    private readonly VlmProcessor _processor;
    private readonly GenerationConfig _defaults;
    private readonly GenerationOptions _options;

    /// <summary>Prepares the rows.</summary>
    /// <param name="rows">Questions with their answers; texts without a question are left out.</param>
    /// <param name="processor">Of the model.</param>
    /// <param name="defaults">The checkpoint's end tokens.</param>
    /// <param name="options">How answers are generated.</param>
    public HeldOutAnswers(IEnumerable<VlmExample> rows, VlmProcessor processor, GenerationConfig defaults, GenerationOptions options)
    {
        _rows = [.. rows.Where(row => row.PlainText is null)];
        _prompts = [.. _rows.Select(row => processor.CreatePrompt(row with { Completion = null }))];
        (_processor, _defaults, _options) = (processor, defaults, options);
    }

    /// <summary>Answers the rows.</summary>
    /// <param name="model">The model as it is.</param>
    /// <param name="features">Gives the features of the rows' images.</param>
    /// <returns>One a row; the images are the caller's to free.</returns>
    public IReadOnlyList<VlmEvaluatedRow> Answer(VisionLanguageModel model, FeatureSource features)
    {
        if (_rows.Length == 0)
        {
            return [];
        }
        IReadOnlyList<GeneratedText> answers = new TextGenerator(model, _processor.Tokenizer, _defaults, features).Generate(_prompts, _options);
        return
        [
            .. _rows.Zip(answers, (row, answer) => new VlmEvaluatedRow
            {
                Row = row.Row,
                Prompt = TextOf(row.Prompt),
                Label = row.Completion is null ? null : TextOf(row.Completion),
                Response = answer.Text,
                Images = [.. ToImages(new ImageSequence(row.Images))],
            }),
        ];
    }

    private static IEnumerable<MLImage> ToImages(ImageSequence images) => Enumerable.Range(0, images.Count).Select(images.ToImage);

    /// <summary>The texts of turns, one turn a line.</summary>
    internal static string TextOf(IEnumerable<VlmMessage> turns) => string.Join('\n', turns.Select(turn => string.Concat(turn.Content.Select(part => part.Text))));
}
