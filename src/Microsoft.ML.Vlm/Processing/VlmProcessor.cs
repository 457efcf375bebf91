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
    private readonly string _imageToken;
    private readonly int _imageTokenId;

    /// <summary>A processor from its parts.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="templateVariables">Special tokens that the template reads, such as <c>bos_token</c>.</param>
    /// <param name="images">The image processor.</param>
    /// <param name="imageToken">The token that the template writes for an image, and that stands for each of its features.</param>
    /// <exception cref="InvalidDataException">The tokenizer does not know the image token as one token.</exception>
    public VlmProcessor(
        VlmTokenizer tokenizer, ChatTemplate template, IReadOnlyDictionary<string, object?> templateVariables, ImageProcessor images, string imageToken)
    {
        if (imageToken.Length == 0 || tokenizer.Encode(imageToken) is not [int id])
        {
            throw new InvalidDataException(
                $"The tokenizer takes the image token '{imageToken}' apart; it has to be one of its added tokens. The tokenizer belongs to another model.");
        }
        Tokenizer = tokenizer;
        Images = images;
        _renderer = new ConversationRenderer(template, templateVariables);
        _imageToken = imageToken;
        _imageTokenId = id;
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
        if (folder.Config is SmolVlmConfig config && config.ImageTokenId != processor._imageTokenId)
        {
            throw new InvalidDataException(
                $"The model in '{folder.Path}' puts image features at token {config.ImageTokenId} ('image_token_id' of '{ModelConfig.FileName}'), "
                + $"but '{tokens.ImageToken}' is token {processor._imageTokenId} of its tokenizer. The files belong to different models.");
        }
        return processor;
    }

    /// <summary>A row to be answered: rendered with what opens the assistant's turn, no targets. <see cref="VlmExample.Completion"/> is not read.</summary>
    /// <exception cref="InvalidDataException">Images and their places differ in number, or an image or the conversation cannot be processed; names the row.</exception>
    public VlmSample CreatePrompt(VlmExample example) => OfRow(example, messages =>
    {
        PreparedImages images = Prepare(example);
        ExpandedText text = Expand(_renderer.RenderPrompt(messages), images, example);
        int[] tokens = Tokenizer.Encode(text.Text);
        return Sample(example, images, tokens, new bool[tokens.Length]);
    });

    /// <summary>A row to be trained on, or whose answer is scored.</summary>
    /// <param name="example">
    /// With <see cref="VlmExample.Completion"/>: prompt and answer, tokenized apart, so that no token reaches over their border; the answer's tokens up to
    /// and including what ends its turn are its targets. Without: a whole conversation, whose targets are the assistant's turns.
    /// </param>
    /// <param name="masking">Whether these tokens are the targets, or all tokens of the row.</param>
    /// <returns>A row whose <see cref="VlmSample.TargetCount"/> is 0 when there is nothing to train on.</returns>
    /// <exception cref="InvalidDataException">Images and their places differ in number, or an image or the conversation cannot be processed; names the row.</exception>
    public VlmSample CreateTraining(VlmExample example, LabelMasking masking) => OfRow(example, messages =>
    {
        PreparedImages images = Prepare(example);
        return example.Completion is { } completion
            ? CreatePair(example, messages, completion, images, masking)
            : CreateConversation(example, messages, images, masking);
    });

    private VlmSample CreatePair(
        VlmExample example, IReadOnlyList<VlmMessage> messages, IReadOnlyList<VlmMessage> completion, PreparedImages images, LabelMasking masking)
    {
        if (completion.Any(message => message.Content.Any(part => part.IsImage)))
        {
            throw new InvalidDataException("the answer has an image place; images belong into the prompt.");
        }
        (string prompt, string answer) = _renderer.RenderPair(messages, completion);
        if (ExpandedText.CountPlaces(answer, _imageToken) > 0)
        {
            throw new InvalidDataException($"the answer contains the text '{_imageToken}', which the model would read as an image.");
        }
        int[] before = Tokenizer.Encode(Expand(prompt, images, example).Text);
        int[] after = Tokenizer.Encode(answer);
        bool[] targets = new bool[before.Length + after.Length];
        Array.Fill(targets, true, masking == LabelMasking.FullSequence ? 0 : before.Length, masking == LabelMasking.FullSequence ? targets.Length : after.Length);
        return Sample(example, images, [.. before, .. after], targets);
    }

    private VlmSample CreateConversation(VlmExample example, IReadOnlyList<VlmMessage> messages, PreparedImages images, LabelMasking masking)
    {
        RenderedChat rendered = _renderer.RenderConversation(messages, findAssistant: masking == LabelMasking.Answer);
        ExpandedText text = Expand(rendered.Text, images, example);
        List<TokenSpan> tokens = Tokenizer.EncodeSpans(text.Text);
        (int Start, int End)[] written = [.. rendered.AssistantSpans.Select(span => (text.Map(span.Start), text.Map(span.Start + span.Length)))];
        bool[] targets = [.. tokens.Select(token => masking == LabelMasking.FullSequence
            || (written.Any(span => token.Start < span.End && token.End > span.Start) && !text.IsImage(token.Start, token.End)))];
        return Sample(example, images, [.. tokens.Select(token => token.Id)], targets);
    }

    private PreparedImages Prepare(VlmExample example)
    {
        var known = new Dictionary<UInt128, ImageTiles>();
        var tiles = new List<ImageTiles>();
        foreach (PixelImage image in example.Images)
        {
            if (!known.TryGetValue(image.ContentHash, out ImageTiles? prepared))
            {
                try
                {
                    known[image.ContentHash] = prepared = Images.Process(image);
                }
                catch (InvalidDataException exception)
                {
                    throw new InvalidDataException($"image {tiles.Count + 1} of {example.Images.Count}: {exception.Message}", exception);
                }
            }
            tiles.Add(prepared);
        }
        return new PreparedImages(tiles, [.. tiles.Select(Images.Expand)]);
    }

    private ExpandedText Expand(string rendered, PreparedImages images, VlmExample example)
    {
        int places = ExpandedText.CountPlaces(rendered, _imageToken);
        return places == images.Tiles.Count
            ? ExpandedText.Create(rendered, _imageToken, images.Expansions)
            : throw new InvalidDataException(
                $"the rendered conversation has {places} '{_imageToken}' for {images.Tiles.Count} images. Either a text of '{example.PromptColumnName}' "
                + "contains this token, which the model would read as an image, or the chat template leaves image places out.");
    }

    // One span for each run of image tokens, cut where one image's tokens end and the next one's begin.
    private VlmSample Sample(VlmExample example, PreparedImages images, int[] tokens, bool[] targets)
    {
        int[] needed = [.. images.Tiles.Select(tiles => tiles.Count * TokensPerTile)];
        int found = tokens.Count(token => token == _imageTokenId);
        if (found != needed.Sum())
        {
            throw new InvalidDataException($"the tokens have {found:N0} image places, but the images need {needed.Sum():N0}. The tokenizer belongs to another model.");
        }
        var spans = new List<ImageSpan>();
        int image = 0;
        for (int index = 0; index < tokens.Length; index++)
        {
            int start = index;
            while (index < tokens.Length && tokens[index] == _imageTokenId && needed[image] > 0)
            {
                needed[image]--;
                index++;
            }
            if (index > start)
            {
                spans.Add(new ImageSpan(image, start, index - start));
                image += needed[image] == 0 ? 1 : 0;
                index--;
            }
        }
        return new VlmSample(tokens, targets, images.Tiles, spans, example.Row);
    }

    private static VlmSample OfRow(VlmExample example, Func<IReadOnlyList<VlmMessage>, VlmSample> create)
    {
        IReadOnlyList<VlmMessage> messages = MessageBuilder.PlaceImages(example.Prompt, example.Images.Count, example.PromptColumnName, example.Row);
        try
        {
            return create(messages);
        }
        catch (Exception exception) when (exception is InvalidDataException or TemplateException)
        {
            throw new InvalidDataException($"Row {example.Row:N0}: {exception.Message}", exception);
        }
    }

    private sealed record PreparedImages(IReadOnlyList<ImageTiles> Tiles, IReadOnlyList<string> Expansions);
}
