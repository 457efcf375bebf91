using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Generation.Grammars;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>Answers prompts. Not for several threads at a time.</summary>
internal sealed class TextGenerator
{
    private readonly VisionLanguageModel _model;
    private readonly VlmTokenizer _tokenizer;
    private readonly HashSet<int> _endTokenIds;
    private readonly FeatureSource _features;

    /// <summary>Takes a model with its tokenizer; both stay the caller's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Turns tokens into text.</param>
    /// <param name="defaults">The checkpoint's end tokens.</param>
    /// <param name="features">Gives the features of the prompts' images; null computes them.</param>
    public TextGenerator(VisionLanguageModel model, VlmTokenizer tokenizer, GenerationConfig defaults, FeatureSource? features = null)
    {
        _features = features ?? (images => VisionFeatures.Encode(model, images));
        _model = model;
        _tokenizer = tokenizer;
        _endTokenIds = [.. defaults.EndTokenIds];
    }

    /// <summary>Answers prompts as one packed batch. An answer does not depend on the prompts beside it, up to the rounding of the arithmetic.</summary>
    /// <param name="prompts">Rows without targets; their number is the batch size. When tokens are drawn, seed and <see cref="VlmSample.Row"/> decide which.</param>
    /// <param name="options">How to choose tokens and when to stop.</param>
    /// <param name="token">Ends the work between two tokens.</param>
    /// <returns>One answer a prompt, in order.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or a prompt is empty.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<VlmSample> prompts, GenerationOptions options, CancellationToken token = default)
    {
        Check(prompts, options);
        if (prompts.Count == 0)
        {
            return [];
        }

        AnswerBuilder[] answers = [.. prompts.Select(_ => StartAnswer(options))];
        using DecodingRun run = new(_model, _features, prompts, answers, options);
        while (run.IsRunning)
        {
            token.ThrowIfCancellationRequested();
            run.Step();
        }
        return [.. answers.Select(answer => answer.Build())];
    }

    /// <summary>Answers one prompt, and gives the text as it becomes final. All pieces together are the text that <see cref="Generate"/> gives.</summary>
    /// <param name="prompt">A row without targets.</param>
    /// <param name="options">How to choose tokens and when to stop.</param>
    /// <param name="token">Ends the work between two tokens.</param>
    /// <returns>Pieces, none empty. Work is done while they are asked for; to stop asking is fine.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the prompt is empty.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public IEnumerable<string> Stream(VlmSample prompt, GenerationOptions options, CancellationToken token = default)
    {
        Check([prompt], options);
        return StreamPieces(prompt, options, token);
    }

    /// <summary>Begins to answer one prompt; nothing is computed yet.</summary>
    /// <param name="prompt">A row without targets.</param>
    /// <param name="options">How to choose tokens and when to stop.</param>
    /// <returns>The answer, to be advanced token by token and then disposed.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the prompt is empty.</exception>
    public AnswerStream Open(VlmSample prompt, GenerationOptions options)
    {
        Check([prompt], options);
        AnswerBuilder answer = StartAnswer(options);
        return new AnswerStream(answer, new DecodingRun(_model, _features, [prompt], [answer], options));
    }

    private IEnumerable<string> StreamPieces(VlmSample prompt, GenerationOptions options, CancellationToken token)
    {
        using AnswerStream answer = Open(prompt, options);
        while (answer.Advance(token))
        {
            if (answer.Text.Length > 0)
            {
                yield return answer.Text;
            }
        }
    }

    private AnswerBuilder StartAnswer(GenerationOptions options)
    {
        TokenConstraint? constraint = options.JsonSchema is { } schema
            ? new TokenConstraint(TokenGrammars.Of(_tokenizer).OfSchema(schema), _endTokenIds, options.MaxNewTokens) : null;
        return new(new IncrementalDecoder(_tokenizer, skipSpecialTokens: true), _endTokenIds, options, constraint);
    }

    private static void Check(IReadOnlyList<VlmSample> prompts, GenerationOptions options)
    {
        options.Validate();
        if (prompts.FirstOrDefault(prompt => prompt.Tokens.Length == 0) is { } empty)
        {
            throw new ArgumentException($"Row {empty.Row}: the prompt has no tokens; give it a text or an image.", nameof(prompts));
        }
    }
}
