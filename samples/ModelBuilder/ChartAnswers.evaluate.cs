using Microsoft.ML;
using Microsoft.ML.Vlm;

namespace ChartAnswersApp;

// How well the model answers rows that it has not learned from.
public static partial class ChartAnswers
{
    /// <summary>The rows to test with.</summary>
    public static IDataView LoadTestData(MLContext mlContext) => mlContext.Data.LoadVlm("data", new VlmDataOptions { Split = "test" });

    /// <summary>Lets the model answer the test rows, and scores the answers. Beside the numbers there is a page with the worst answers and their pictures, and everything as JSON.</summary>
    public static VlmEvaluationReport Evaluate()
    {
        MLContext mlContext = CreateContext();
        VlmEvaluationReport report = mlContext.Vlm().Evaluate(Model, LoadTestData(mlContext), new VlmEvaluationOptions
        {
            Metric = VlmMetric.RelaxedAccuracy,
            FurtherMetrics = [VlmMetric.ExactMatch],
            LabelColumnName = "label",
        });
        report.SaveHtml("ChartAnswers.evaluation.html");
        report.SaveJson("ChartAnswers.evaluation.json");
        return report;
    }
}
