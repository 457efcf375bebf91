using System.Text.Json;

namespace ChartFactory;

/// <summary>A folder of drawn charts with questions about them, to learn from and to test with.</summary>
public static class ChartSet
{
    /// <summary>Questions of each training chart; the five kinds take turns at random.</summary>
    public const int QuestionsPerTrainingChart = 3;

    /// <summary>Questions of each test chart: one of each kind.</summary>
    public const int QuestionsPerTestChart = 5;

    /// <summary>Of ten wrong answers so many ramble; the others are wrong in a word.</summary>
    private const int RamblingOfTen = 3;

    /// <summary>
    /// Writes pictures, <c>train.jsonl</c> and <c>test.jsonl</c> (<c>{"image": path, "query": text, "label": [text]}</c>), and with the same questions <c>train_pairs.jsonl</c> and
    /// <c>test_pairs.jsonl</c> (<c>{"image": path, "query": text, "chosen": text, "rejected": text}</c>): the right answer in a word against a wrong one, which rambles at times.
    /// The same seed gives the same files.
    /// </summary>
    /// <param name="folder">Is created; files of an earlier run are replaced.</param>
    /// <param name="trainingRows">Questions to train on.</param>
    /// <param name="testRows">Questions to test with, on charts of their own.</param>
    /// <param name="seed">Any number.</param>
    public static void Write(string folder, int trainingRows, int testRows, int seed)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        Write(folder, "train", trainingRows, QuestionsPerTrainingChart, new SeededRandom(seed, stream: 1));
        Write(folder, "test", testRows, QuestionsPerTestChart, new SeededRandom(seed, stream: 2));
    }

    private static void Write(string folder, string name, int count, int questionsPerChart, SeededRandom random)
    {
        var generator = new ChartGenerator(random);
        List<string> rows = [], pairs = [];
        for (int number = 0; rows.Count < count; number++)
        {
            Chart chart = generator.Next();
            string image = $"images/{name}_{number:0000}.png";
            Save(Path.Combine(folder, image), path => File.WriteAllBytes(path, PngFile.Encode(Chart.Size, Chart.Size, ChartPainter.Paint(chart))));
            foreach (ChartQuestion question in random.Shuffle(ChartQuestion.AskAll(chart, random)).Take(Math.Min(questionsPerChart, count - rows.Count)))
            {
                string rejected = rows.Count % 10 < RamblingOfTen ? $"I think maybe it is {question.Wrong} ." : question.Wrong;
                rows.Add(JsonSerializer.Serialize(new { image, query = question.Query, label = new[] { question.Answer } }));
                pairs.Add(JsonSerializer.Serialize(new { image, query = question.Query, chosen = question.Answer, rejected }));
            }
        }
        Save(Path.Combine(folder, $"{name}.jsonl"), path => File.WriteAllLines(path, rows));
        Save(Path.Combine(folder, $"{name}_pairs.jsonl"), path => File.WriteAllLines(path, pairs));
    }

    // A run that breaks off leaves no half of a file.
    private static void Save(string path, Action<string> write)
    {
        write($"{path}.writing");
        File.Move($"{path}.writing", path, overwrite: true);
    }
}
