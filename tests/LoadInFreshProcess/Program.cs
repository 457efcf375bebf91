using System.Globalization;
using Microsoft.ML;

// Arguments: a saved model, then pairs of an image path and a prompt. Prints a line with score and response for each pair.
var mlContext = new MLContext();
ITransformer model = mlContext.Model.Load(args[0], out _);
using PredictionEngine<Question, Answer> engine = mlContext.Model.CreatePredictionEngine<Question, Answer>(model);
for (int index = 1; index < args.Length; index += 2)
{
    Answer answer = engine.Predict(new Question { ImagePath = args[index], Prompt = args[index + 1] });
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answer.Score:R} {Uri.EscapeDataString(answer.Response)}"));
}

internal sealed class Question
{
    public string ImagePath { get; set; } = "";

    public string Prompt { get; set; } = "";
}

internal sealed class Answer
{
    public string Response { get; set; } = "";

    public float Score { get; set; }
}
