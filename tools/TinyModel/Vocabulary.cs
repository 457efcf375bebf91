using System.Text;
using System.Text.RegularExpressions;
using ChartFactory;
using Microsoft.ML.Vlm.Text;

namespace TinyModel;

/// <summary>The words that captions, questions and the chat template use, and how often.</summary>
internal static partial class Vocabulary
{
    private const int Charts = 2000;

    // Not said of charts, but of use in other questions and answers about them.
    private const string FurtherWords = " yes no or is it I think maybe not both equal";

    /// <summary>Stands for nothing; byte-level text is never unknown.</summary>
    public const string Unknown = "<|endoftext|>";

    /// <summary>First token of a conversation.</summary>
    public const string Start = "<|im_start|>";

    /// <summary>Padding.</summary>
    public const string Padding = "<|im_end|>";

    /// <summary>Ends each turn.</summary>
    public const string EndOfUtterance = "<end_of_utterance>";

    /// <summary>Before and after each image.</summary>
    public const string AroundImage = "<fake_token_around_image>";

    /// <summary>The place of one image feature.</summary>
    public const string Image = "<image>";

    /// <summary>Marks an image that is seen as a whole.</summary>
    public const string GlobalImage = "<global-img>";

    /// <summary>Tokens that are never split; the first is token 0.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } =
        [Unknown, Start, Padding, EndOfUtterance, AroundImage, Image, GlobalImage];

    /// <summary>Words with their leading space, counted over captions and questions of charts that are always the same.</summary>
    public static Dictionary<string, int> CountWords(int seed)
    {
        var random = new SeededRandom(seed, stream: 7);
        var generator = new ChartGenerator(random);
        Dictionary<string, int> counts = [];
        Add(counts, FurtherWords);
        for (int number = 0; number < Charts; number++)
        {
            Chart chart = generator.Next();
            Add(counts, $"User:{ChartCaptions.Prompt}");
            Add(counts, $"\nAssistant: {ChartCaptions.Write(chart, random)}");
            foreach (ChartQuestion question in ChartQuestion.AskAll(chart, random))
            {
                Add(counts, $"User: {question.Query}");
                Add(counts, question.Query);
                Add(counts, $"\nAssistant: {question.Answer}");
            }
        }
        return counts;
    }

    private static void Add(Dictionary<string, int> counts, string text)
    {
        foreach (Match word in Word().Matches(text))
        {
            string letters = string.Concat(Encoding.UTF8.GetBytes(word.Value).Select(ByteAlphabet.CharacterOf));
            counts[letters] = counts.GetValueOrDefault(letters) + 1;
        }
    }

    // What the pre-tokenizer of the tokenizer file gives for such texts: words, numbers and marks with the space before them.
    [GeneratedRegex(@" ?[A-Za-z]+| ?[0-9]+| ?[^A-Za-z0-9\s]+|\s")]
    private static partial Regex Word();
}
