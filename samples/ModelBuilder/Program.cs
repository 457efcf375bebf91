// ChartAnswers answers questions about images. It was made by
//   vlm new sft --name ChartAnswers --output_folder . --model_name_or_path ../Charts/model --dtype float32 --max_new_tokens 12 --per_device_eval_batch_size 40 --lora_r 16 --lora_alpha 32 --num_train_epochs 4 --per_device_train_batch_size 16 --learning_rate 0.002 --warmup_ratio 0.05 --dataset_name data
// and is yours to change: ChartAnswers.training.cs says how it learns, ChartAnswers.consumption.cs how it is used, ChartAnswers.evaluate.cs how it is tested.
using ChartAnswersApp;

const string Usage = """
      dotnet run -c Release -- train                       trains, and writes ChartAnswers.zip
      dotnet run -c Release -- evaluate                    tests it, and writes ChartAnswers.evaluation.html
      dotnet run -c Release -- ask "QUESTION" [IMAGE ...]  answers a question
    """;

switch (args)
{
    case ["train"]:
        ChartAnswers.Train();
        Console.WriteLine($"model in {ChartAnswers.ModelFile}");
        return 0;
    case ["evaluate"]:
        Console.WriteLine(ChartAnswers.Evaluate());
        return 0;
    case ["ask", var question, .. var images]:
        Console.WriteLine(ChartAnswers.Ask(question, images));
        return 0;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}
