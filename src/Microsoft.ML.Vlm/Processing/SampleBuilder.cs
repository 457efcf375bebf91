using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Puts the tokens of images in place of the image token, and finds where their features go.</summary>
internal sealed class SampleBuilder
{
    private readonly int _tokensPerTile;

    /// <summary>Checks that tokenizer and image token belong together.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="imageToken">The token that the template writes for an image, and that stands for each of its features.</param>
    /// <param name="tokensPerTile">Image tokens that one tile takes.</param>
    /// <exception cref="InvalidDataException">The tokenizer does not know the image token as one token.</exception>
    public SampleBuilder(VlmTokenizer tokenizer, string imageToken, int tokensPerTile)
    {
        if (imageToken.Length == 0 || tokenizer.Encode(imageToken) is not [int id])
        {
            throw new InvalidDataException(
                $"The tokenizer takes the image token '{imageToken}' apart; it has to be one of its added tokens. The tokenizer belongs to another model.");
        }
        (ImageToken, ImageTokenId, _tokensPerTile) = (imageToken, id, tokensPerTile);
    }

    /// <summary>The token that stands for an image.</summary>
    public string ImageToken { get; }

    /// <summary>Its id.</summary>
    public int ImageTokenId { get; }

    /// <summary>The text with every image place replaced by what stands for the image's tiles.</summary>
    /// <param name="rendered">The rendered conversation.</param>
    /// <param name="images">The images in the order of their places.</param>
    /// <param name="columnName">Where the texts come from; shown in errors.</param>
    /// <exception cref="InvalidDataException">Places and images differ in number.</exception>
    public ExpandedText Expand(string rendered, PreparedImages images, string columnName)
    {
        int places = ExpandedText.CountPlaces(rendered, ImageToken);
        return places == images.Tiles.Count
            ? ExpandedText.Create(rendered, ImageToken, images.Expansions)
            : throw new InvalidDataException(
                $"the rendered conversation has {places} '{ImageToken}' for {images.Tiles.Count} images. Either a text of '{columnName}' "
                + "contains this token, which the model would read as an image, or the chat template leaves image places out.");
    }

    /// <summary>Throws when a text that is no place for images has an image token.</summary>
    /// <exception cref="InvalidDataException">It has one.</exception>
    public void CheckNoPlace(string answer)
    {
        if (ExpandedText.CountPlaces(answer, ImageToken) > 0)
        {
            throw new InvalidDataException($"the answer contains the text '{ImageToken}', which the model would read as an image.");
        }
    }

    /// <summary>A row. One span for each run of image tokens, cut where one image's tokens end and the next one's begin.</summary>
    /// <exception cref="InvalidDataException">The number of image tokens is not that of the images' features.</exception>
    public VlmSample Build(PreparedImages images, int[] tokens, bool[] targets, long row)
    {
        int[] needed = [.. images.Tiles.Select(tiles => tiles.Count * _tokensPerTile)];
        int found = tokens.Count(token => token == ImageTokenId);
        if (found != needed.Sum())
        {
            throw new InvalidDataException($"the tokens have {found:N0} image places, but the images need {needed.Sum():N0}. The tokenizer belongs to another model.");
        }
        var spans = new List<ImageSpan>();
        int image = 0;
        for (int index = 0; index < tokens.Length; index++)
        {
            int start = index;
            while (index < tokens.Length && tokens[index] == ImageTokenId && needed[image] > 0)
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
        return new VlmSample(tokens, targets, images.Tiles, spans, row);
    }
}
