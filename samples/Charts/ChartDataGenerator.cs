using ChartFactory;
using Microsoft.ML.Data;

namespace Charts;

/// <summary>Draws charts into a data folder and asks questions about them.</summary>
internal static class ChartDataGenerator
{
    /// <summary>Questions of each training chart; the five kinds take turns at random.</summary>
    public const int QuestionsPerTrainingChart = 3;

    /// <summary>Questions of each test chart: one of each kind.</summary>
    public const int QuestionsPerTestChart = 5;

    /// <summary>Of ten wrong answers so many ramble; the others are wrong in a word.</summary>
    private const int RamblingOfTen = 3;

    /// <summary>
    /// Writes pictures, <c>train.jsonl</c> and <c>test.jsonl</c>, and with the same questions <c>train_pairs.jsonl</c> and <c>test_pairs.jsonl</c>: the right answer in a word against a wrong one,
    /// which rambles at times. The same seed gives the same files.
    /// </summary>
    /// <param name="folder">Is created; files of an earlier run are replaced.</param>
    /// <param name="trainingRows">Questions to train on.</param>
    /// <param name="testRows">Questions to test with, on charts of their own.</param>
    /// <param name="seed">Any number.</param>
    public static void Generate(string folder, int trainingRows, int testRows, int seed)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        Generate(folder, "train", trainingRows, QuestionsPerTrainingChart, new SeededRandom(seed, stream: 1));
        Generate(folder, "test", testRows, QuestionsPerTestChart, new SeededRandom(seed, stream: 2));
    }

    private static void Generate(string folder, string name, int count, int questionsPerChart, SeededRandom random)
    {
        var generator = new ChartGenerator(random);
        List<ChartRow> rows = [];
        List<PairRow> pairs = [];
        for (int number = 0; rows.Count < count; number++)
        {
            Chart chart = generator.Next();
            string image = $"images/{name}_{number:0000}.png";
            SafeFile.Write(Path.Combine(folder, image), path => SavePicture(chart, path));
            foreach (ChartQuestion question in random.Shuffle(ChartQuestion.AskAll(chart, random)).Take(Math.Min(questionsPerChart, count - rows.Count)))
            {
                string rejected = rows.Count % 10 < RamblingOfTen ? $"I think maybe it is {question.Wrong} ." : question.Wrong;
                rows.Add(new ChartRow { ImagePath = image, Query = question.Query, Answer = question.Answer });
                pairs.Add(new PairRow { ImagePath = image, Query = question.Query, Chosen = question.Answer, Rejected = rejected });
            }
        }
        ChartFolder.Write(Path.Combine(folder, $"{name}.jsonl"), rows);
        ChartFolder.WritePairs(Path.Combine(folder, $"{name}_pairs.jsonl"), pairs);
    }

    private static void SavePicture(Chart chart, string path)
    {
        byte[] samples = ChartPainter.Paint(chart);
        byte[] pixels = new byte[samples.Length / 3 * 4];
        for (int index = 0; index < samples.Length / 3; index++)
        {
            samples.AsSpan(index * 3, 3).CopyTo(pixels.AsSpan(index * 4));
            pixels[(index * 4) + 3] = byte.MaxValue;
        }
        using MLImage image = MLImage.CreateFromPixels(Chart.Size, Chart.Size, MLPixelFormat.Rgba32, pixels);
        image.Save(path);
    }
}
