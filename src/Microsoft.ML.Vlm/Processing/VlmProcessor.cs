using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Turns what the user said into what the model reads: renders the conversation, prepares the images and puts their tokens in place.</summary>
/// <remarks>
/// Same text, tokens, tiles and targets as TRL's SFT collator gives on the same rows (trl 1.10), but without its padding. Holds no state of a row and may be
/// used by several threads.
/// </remarks>
internal sealed class VlmProcessor
{
    private readonly ConversationRenderer _renderer;
    private readonly SampleBuilder _builder;
    private readonly string _endToken;

    /// <summary>A processor from its parts.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="templateVariables">Special tokens that the template reads, such as <c>bos_token</c>; <c>eos_token</c> also ends plain texts.</param>
    /// <param name="images">The image processor.</param>
    /// <param name="imageToken">The token that the template writes for an image, and that stands for each of its features.</param>
    /// <exception cref="InvalidDataException">The tokenizer does not know the image token as one token.</exception>
    public VlmProcessor(
        VlmTokenizer tokenizer, ChatTemplate template, IReadOnlyDictionary<string, object?> templateVariables, ImageProcessor images, string imageToken)
    {
        Tokenizer = tokenizer;
        Images = images;
        _renderer = new ConversationRenderer(template, templateVariables);
        _builder = new SampleBuilder(tokenizer, imageToken, images.TokensPerTile);
        _endToken = templateVariables.GetValueOrDefault("eos_token") as string ?? "";
    }

    /// <summary>The tokenizer.</summary>
    public VlmTokenizer Tokenizer { get; }

    /// <summary>The image processor.</summary>
    public ImageProcessor Images { get; }

    /// <summary>Image tokens that one tile takes.</summary>
    public int TokensPerTile => Images.TokensPerTile;

    /// <summary>Opens the tokenizer, chat template and image processor of a model.</summary>
    /// <param name="folder">An opened folder.</param>
    /// <param name="options">Overrides of the image processing, or null.</param>
    /// <exception cref="InvalidDataException">The folder has no chat template, or its files belong to different models.</exception>
    /// <exception cref="TemplateException">The chat template cannot be read.</exception>
    /// <exception cref="NotSupportedException">The family or its image processing is not supported.</exception>
    public static VlmProcessor Load(ModelFolder folder, ImageOptions? options = null)
    {
        ImageProcessor images = ImageProcessorRegistry.Create(folder, options);
        string source = folder.ChatTemplateSource ?? throw new InvalidDataException(
            $"The model in '{folder.Path}' has no chat template. Put its 'chat_template.jinja' into the folder; instruction-tuned checkpoints come with one.");
        TokenizerConfig tokens = folder.TokenizerConfig;
        var variables = new Dictionary<string, object?>();
        foreach ((string name, string? token) in
            new[] { ("bos_token", tokens.BeginToken), ("eos_token", tokens.EndToken), ("pad_token", tokens.PadToken), ("unk_token", tokens.UnknownToken) })
        {
            if (token is not null)
            {
                variables[name] = token;
            }
        }
        var processor = new VlmProcessor(
            VlmTokenizer.Load(folder.TokenizerPath), ChatTemplate.Parse(source), variables, images, tokens.ImageToken);
        if (folder.Config is SmolVlmConfig config && config.ImageTokenId != processor._builder.ImageTokenId)
        {
            throw new InvalidDataException(
                $"The model in '{folder.Path}' puts image features at token {config.ImageTokenId} ('image_token_id' of '{ModelConfig.FileName}'), "
                + $"but '{tokens.ImageToken}' is token {processor._builder.ImageTokenId} of its tokenizer. The files belong to different models.");
        }
        return processor;
    }

    /// <summary>A row to be answered: rendered with what opens the assistant's turn, no targets. <see cref="VlmExample.Completion"/> is not read.</summary>
    /// <exception cref="InvalidDataException">Images and their places differ in number, or an image or the conversation cannot be processed; names the row.</exception>
    public VlmSample CreatePrompt(VlmExample example) => OfRow(example, messages =>
    {
        PreparedImages images = PreparedImages.Create(Images, example.Images);
        int[] tokens = Tokenizer.Encode(_builder.Expand(example.PlainText ?? _renderer.RenderPrompt(messages), images, example.PromptColumnName).Text);
        return _builder.Build(images, tokens, new bool[tokens.Length], example.Row);
    });

    /// <summary>A row to be trained on, or whose answer is scored.</summary>
    /// <param name="example">
    /// With <see cref="VlmExample.Completion"/>: prompt and answer, tokenized apart, so that no token reaches over their border; the answer's tokens up to
    /// and including what ends its turn are its targets. Without: a whole conversation, whose targets are the assistant's turns; or a plain text, whose targets
    /// are its tokens.
    /// </param>
    /// <param name="masking">Whether these tokens are the targets, or others of the row too.</param>
    /// <returns>A row whose <see cref="VlmSample.TargetCount"/> is 0 when there is nothing to train on.</returns>
    /// <exception cref="InvalidDataException">Images and their places differ in number, or an image or the conversation cannot be processed; names the row.</exception>
    public VlmSample CreateTraining(VlmExample example, LabelMasking masking) => CreateTraining(example, masking, Images);

    /// <summary>The same with another image processing, or without the samples of the images.</summary>
    /// <param name="example">The row.</param>
    /// <param name="masking">What is trained on.</param>
    /// <param name="processor">The image processing.</param>
    /// <param name="withSamples">False for a row that is only measured: its images have no samples, so that no model can read it.</param>
    /// <inheritdoc cref="CreateTraining(VlmExample, LabelMasking)" path="/exception"/>
    public VlmSample CreateTraining(VlmExample example, LabelMasking masking, ImageProcessor processor, bool withSamples = true) => OfRow(example, messages =>
    {
        PreparedImages images = PreparedImages.Create(processor, example.Images, withSamples);
        return example.Completion is { } completion ? CreatePair(example, messages, completion, images, masking)
            : example.PlainText is { } text ? CreateText(example, text, images, masking)
            : CreateConversation(example, messages, images, masking);
    });

    /// <summary>Rows of one prompt with different answers, as <see cref="CreateTraining(VlmExample, LabelMasking)"/> gives them; the images are prepared once.</summary>
    /// <param name="example">The prompt; its own answer is not read.</param>
    /// <param name="answers">The answers' turns.</param>
    /// <exception cref="InvalidDataException">As for <see cref="CreateTraining(VlmExample, LabelMasking)"/>.</exception>
    public IReadOnlyList<VlmSample> CreateAnswers(VlmExample example, params IReadOnlyList<IReadOnlyList<VlmMessage>> answers) => CreateAnswers(example, Images, withSamples: true, answers);

    /// <summary>The same with another image processing, or without the samples of the images.</summary>
    /// <param name="example">The prompt; its own answer is not read.</param>
    /// <param name="processor">The image processing.</param>
    /// <param name="withSamples">False for rows that are only measured.</param>
    /// <param name="answers">The answers' turns.</param>
    /// <exception cref="InvalidDataException">As for <see cref="CreateTraining(VlmExample, LabelMasking)"/>.</exception>
    public IReadOnlyList<VlmSample> CreateAnswers(
        VlmExample example, ImageProcessor processor, bool withSamples, params IReadOnlyList<IReadOnlyList<VlmMessage>> answers)
    {
        PreparedImages? images = null;
        return
        [
            .. answers.Select(answer => OfRow(
                example, messages => CreatePair(example, messages, answer, images ??= PreparedImages.Create(processor, example.Images, withSamples), LabelMasking.Answer))),
        ];
    }

    private VlmSample CreatePair(
        VlmExample example, IReadOnlyList<VlmMessage> messages, IReadOnlyList<VlmMessage> completion, PreparedImages images, LabelMasking masking)
    {
        if (completion.Any(message => message.Content.Any(part => part.IsImage)))
        {
            throw new InvalidDataException("the answer has an image place; images belong into the prompt.");
        }
        (string prompt, string answer) = example.PlainText is { } text
            ? (text, Ended(string.Concat(completion.SelectMany(message => message.Content).Select(part => part.Text))))
            : _renderer.RenderPair(messages, completion);
        _builder.CheckNoPlace(answer);
        ExpandedText expanded = _builder.Expand(prompt, images, example.PromptColumnName);
        List<TokenSpan> before = Tokenizer.EncodeSpans(expanded.Text), after = Tokenizer.EncodeSpans(answer);
        IReadOnlyList<(int Start, int End)> inPrompt = [], inAnswer = [(0, answer.Length)];
        if (masking == LabelMasking.Assistant && example.PlainText is null)
        {
            IReadOnlyList<(int Start, int Length)> spans = _renderer.FindAssistant([.. messages, .. completion]);
            inPrompt = [.. expanded.Map(spans).Where(span => span.Start < expanded.Text.Length)];
            inAnswer = [.. spans.Select(span => (span.Start - prompt.Length, span.Start + span.Length - prompt.Length))];
        }
        return _builder.Build(
            images,
            [.. before.Concat(after).Select(token => token.Id)],
            [.. LabelMask.Of(before, masking, inPrompt, expanded.Images), .. LabelMask.Of(after, masking, inAnswer, [])],
            example.Row);
    }

    private VlmSample CreateConversation(VlmExample example, IReadOnlyList<VlmMessage> messages, PreparedImages images, LabelMasking masking)
    {
        bool findsAssistant = masking is LabelMasking.Answer or LabelMasking.Assistant;
        RenderedChat rendered = _renderer.RenderConversation(messages, findsAssistant);
        ExpandedText text = _builder.Expand(rendered.Text, images, example.PromptColumnName);
        return Build(example, text, findsAssistant ? text.Map(rendered.AssistantSpans) : [], images, masking);
    }

    private VlmSample CreateText(VlmExample example, string plain, PreparedImages images, LabelMasking masking)
    {
        string marked = plain.Replace(MessageBuilder.ImageMark, _builder.ImageToken, StringComparison.Ordinal);
        ExpandedText text = _builder.Expand(example.IsCut ? marked : Ended(marked), images, example.PromptColumnName);
        return Build(example, text, [(0, text.Text.Length)], images, masking);
    }

    private VlmSample Build(VlmExample example, ExpandedText text, IReadOnlyList<(int, int)> written, PreparedImages images, LabelMasking masking)
    {
        List<TokenSpan> tokens = Tokenizer.EncodeSpans(text.Text);
        return _builder.Build(images, [.. tokens.Select(token => token.Id)], LabelMask.Of(tokens, masking, written, text.Images), example.Row);
    }

    // A template ends turns by itself; a plain text has to be ended, or the model never learns to stop.
    private string Ended(string text) => text.EndsWith(_endToken, StringComparison.Ordinal) ? text : text + _endToken;

    private static VlmSample OfRow(VlmExample example, Func<IReadOnlyList<VlmMessage>, VlmSample> create)
    {
        IReadOnlyList<VlmMessage> messages = example.PlainText is not null
            ? [] : MessageBuilder.PlaceImages(example.Prompt, example.Images.Count, example.PromptColumnName, example.Row);
        try
        {
            return create(messages);
        }
        catch (Exception exception) when (exception is InvalidDataException or TemplateException)
        {
            throw new InvalidDataException($"Row {example.Row:N0}: {exception.Message}", exception);
        }
    }
}
