using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary><c>Name.evaluate.cs</c>: the trained model on rows that it has not seen, by the metric that fits the data.</summary>
internal static class EvaluationPart
{
    private const int BodyIndent = 8;

    /// <summary>Writes it.</summary>
    public static string Write(ProjectPlan plan) => $$"""
        using Microsoft.ML;
        using Microsoft.ML.Vlm;

        namespace {{plan.Namespace}};

        // How well the model answers rows that it has not learned from.
        public static partial class {{plan.Name}}
        {
            /// <summary>The rows to test with.</summary>
            public static IDataView LoadTestData(MLContext mlContext) => {{(plan.Test is null ? "SplitData(mlContext).TestSet" : TrainingPart.Load(plan.Test, BodyIndent / 2))}};

        {{(plan.Options is VlmDpoEstimator.Options pairs ? Comparison(plan, pairs) : Report(plan))}}
        }

        """.Replace("\r\n", "\n", StringComparison.Ordinal);

    private static string Report(ProjectPlan plan) => $$"""
            /// <summary>Lets the model answer the test rows, and scores the answers. Beside the numbers there is a page with the worst answers and their pictures, and everything as JSON.</summary>
            public static VlmEvaluationReport Evaluate()
            {
                MLContext mlContext = CreateContext();
                VlmEvaluationReport report = mlContext.Vlm().Evaluate(Model, LoadTestData(mlContext), {{CSharpInitializer.Write(OptionsFor(plan), BodyIndent)}});
                report.SaveHtml("{{plan.Name}}.evaluation.html");
                report.SaveJson("{{plan.Name}}.evaluation.json");
                return report;
            }
        """;

    private static string Comparison(ProjectPlan plan, VlmDpoEstimator.Options pairs)
    {
        VlmComparisonOptions options = new() { LabelColumnName = pairs.ChosenColumnName, Metric = VlmMetric.RougeL, ChosenColumnName = pairs.ChosenColumnName, RejectedColumnName = pairs.RejectedColumnName };
        return $$"""
                /// <summary>Compares the model with the one that training began with: which prefers the better answers, and whose own answers are more like them. Beside the numbers there is a page with
                /// both answers and their pictures.</summary>
                public static VlmComparison Evaluate()
                {
                    MLContext mlContext = CreateContext();
                    IDataView data = LoadTestData(mlContext);
                    using VlmTransformer before = mlContext.Transforms.ApplyVlm({{CSharpInitializer.Write(StartOf(pairs), BodyIndent)}}).Fit(data);
                    VlmComparison comparison = mlContext.Vlm().Compare([("before", before), ("{{plan.Name}}", Model)], data, {{CSharpInitializer.Write(options, BodyIndent)}});
                    comparison.SaveHtml("{{plan.Name}}.evaluation.html");
                    return comparison;
                }
            """;
    }

    // The usual measure of the data that this is, written out so that it can be changed; groups have names where the data is known.
    private static VlmEvaluationOptions OptionsFor(ProjectPlan plan)
    {
        if (plan.Options is VlmKtoEstimator.Options judged)
        {
            // How near answers come to the good ones, and how near to the bad ones.
            return new VlmEvaluationOptions { Metric = VlmMetric.RougeL, LabelColumnName = judged.CompletionColumnName, GroupColumnName = judged.DesirableColumnName };
        }
        VlmTask task = VlmTask.All.FirstOrDefault(known => known.Name == plan.Columns.Layout) ?? EvaluatedColumns.TaskOf(plan.Schema, new VlmEvaluationOptions());
        return new VlmEvaluationOptions
        {
            Metric = task.Metric,
            FurtherMetrics = task == VlmTask.General ? [VlmMetric.ExactMatch, VlmMetric.RougeL] : task.FurtherMetrics,
            LabelColumnName = LabelOf(plan, task),
            ChoicesColumnName = task.ChoicesColumnNames.FirstOrDefault(name => plan.Schema.GetColumnOrNull(name) is not null),
            GroupColumnName = task.GroupColumnName is { } group && plan.Schema.GetColumnOrNull(group) is not null ? group : null,
        };
    }

    // Where there are several right answers, any of them counts.
    private static string? LabelOf(ProjectPlan plan, VlmTask task)
    {
        if (plan.HasMessages)
        {
            return null;
        }
        string? source = plan.Columns.Columns.FirstOrDefault(column => column.Name == plan.Options.LabelColumnName) is { Form: ColumnForm.Text, Sources: [{ Type.Kind: Data.DataKind.List } list, ..] } ? list.ToString() : null;
        return task.LabelColumnNames.Append(source).FirstOrDefault(name => name is not null && plan.Schema.GetColumnOrNull(name) is { Type: VectorDataViewType { ItemType: TextDataViewType } })
            ?? plan.Options.LabelColumnName;
    }

    // The same model under the same options, before it was trained.
    private static VlmScoringEstimator.Options StartOf(VlmDpoEstimator.Options pairs)
    {
        VlmScoringEstimator.Options options = new() { ModelPath = pairs.ModelPath, AdapterPath = pairs.AdapterPath };
        foreach (var property in typeof(VlmModelOptions).GetProperties().Where(property => property.SetMethod is { IsPublic: true }))
        {
            property.SetValue(options, property.GetValue(pairs));
        }
        options.EmbedBaseModel = false;
        return options;
    }
}
