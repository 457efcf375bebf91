using ChartFactory;
using Microsoft.ML.Vlm.Text;
using TinyModel;

namespace Samples.Tests;

public sealed class TinyTokenizerTests
{
    private static readonly Lazy<VlmTokenizer> s_tokenizer = new(() => VlmTokenizer.Load(Path.Combine(AppContext.BaseDirectory, "model", "tokenizer.json")));

    [Fact]
    public void Every_word_of_captions_and_questions_is_one_token()
    {
        var random = new SeededRandom(seed: 11);
        var generator = new ChartGenerator(random);
        for (int number = 0; number < 200; number++)
        {
            Chart chart = generator.Next();
            string[] texts = [$" {ChartCaptions.Write(chart, random)}", .. ChartQuestion.AskAll(chart, random).SelectMany(question => (string[])[question.Query, $" {question.Answer}"])];
            Assert.All(texts, text => Assert.Equal(text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, s_tokenizer.Value.Encode(text).Length));
        }
    }

    [Fact]
    public void Any_text_survives()
    {
        const string Text = "Étés à 37 °C — 東京 😀\n\tvalue of red 5";
        Assert.Equal(Text, s_tokenizer.Value.Decode(s_tokenizer.Value.Encode(Text), skipSpecialTokens: false));
    }

    [Fact]
    public void Special_tokens_are_tokens_0_to_6()
        => Assert.Equal([0, 1, 2, 3, 4, 5, 6], s_tokenizer.Value.Encode(string.Concat(Vocabulary.SpecialTokens)));

    [Fact]
    public void The_builder_writes_the_files_that_are_in_the_repository()
    {
        string folder = Directory.CreateTempSubdirectory("tiny-").FullName;
        try
        {
            TinyModelFiles.Write(folder, seed: 1);
            Assert.All(Directory.EnumerateFiles(folder), file
                => Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "model", Path.GetFileName(file))), File.ReadAllText(file)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Merges_apply_in_the_order_of_their_frequency()
    {
        // "ab" 5 times, "abc" 2 times: a+b first (7), then ab+c (2).
        Assert.Equal([("a", "b"), ("ab", "c")], BytePairMerges.Learn(new Dictionary<string, int> { ["ab"] = 5, ["abc"] = 2 }));
    }
}
