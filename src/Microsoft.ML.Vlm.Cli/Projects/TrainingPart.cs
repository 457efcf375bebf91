using System.Globalization;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary><c>Name.training.cs</c>: data, options, training, and the file that holds the result.</summary>
internal static class TrainingPart
{
    private const int MemberIndent = 4;

    /// <summary>Writes it.</summary>
    public static string Write(ProjectPlan plan) => $$"""
        using Microsoft.ML;
        using Microsoft.ML.Runtime;
        using Microsoft.ML.Vlm;
        {{(plan.NeedsPreferencePackage ? "using Microsoft.ML.Vlm.Dpo;\n" : "")}}
        namespace {{plan.Namespace}};

        /// <summary>A model that answers questions{{(plan.ImageColumns.Count > 0 ? " about images" : "")}}: how it is trained, used and tested.</summary>
        // Here: its data, its options, training, and the file that holds what was learned.
        public static partial class {{plan.Name}}
        {
            /// <summary>The trained model. Training writes it, everything else reads it; it counts from the folder that the program was started in.</summary>
            public static string ModelFile { get; } = Path.GetFullPath("{{plan.Name}}.zip");

            /// <summary>Trains, and writes <see cref="ModelFile"/>. Ctrl-C finishes the step and leaves a checkpoint.</summary>
            public static void Train()
            {
                MLContext mlContext = CreateContext();
                IDataView data = LoadData(mlContext);
                using VlmTransformer model = BuildPipeline(mlContext).Fit(data);
                mlContext.Model.Save(model, data.Schema, ModelFile);
            }

            /// <summary>The estimator with its options: those that were given, all others have their defaults.</summary>
            public static IEstimator<VlmTransformer> BuildPipeline(MLContext mlContext) => mlContext.Transforms.{{plan.CatalogMethod}}({{Options(plan)}});

        {{LoadData(plan)}}
            private static MLContext CreateContext()
            {
                var mlContext = new MLContext();
                mlContext.Log += (_, entry) =>
                {
                    if (entry.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error)
                    {
                        Console.Error.WriteLine(entry.RawMessage);
                    }
                };
                return mlContext;
            }
        }

        """.Replace("\r\n", "\n", StringComparison.Ordinal);

    /// <summary>The code that loads data.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="indent">Blanks in front of the line.</param>
    public static string Load(DataSource source, int indent)
    {
        string options = CSharpInitializer.Write(source.Options, indent);
        return $"mlContext.Data.LoadVlm({CSharpText.Literal(source.Path)}{(options == CSharpInitializer.Write(new VlmDataOptions(), indent) ? "" : $", {options}")})";
    }

    private static string Training(ProjectPlan plan, int indent)
    {
        if (plan.Training is [{ Fraction: null, Weight: null, Source: var only }] && plan.MixedRows is null)
        {
            return Load(only, indent);
        }
        int deeper = indent + MemberIndent;
        string Amount(MixedSource part) => string.Join(", ", new[] { (nameof(VlmMixturePart.Fraction), part.Fraction), (nameof(VlmMixturePart.Weight), part.Weight) }
            .Where(pair => pair.Item2 is not null).Select(pair => $"{pair.Item1} = {CSharpText.Literal(pair.Item2!.Value)}")) is { Length: > 0 } amount ? $" {{ {amount} }}" : "";
        string parts = string.Concat(plan.Training.Select(part => $"{new string(' ', deeper)}new VlmMixturePart({Load(part.Source, deeper)}){Amount(part)},\n"));
        string mixture = $"mlContext.Data.MixVlm(\n{new string(' ', indent)}[\n{parts}{new string(' ', indent)}], seed: {plan.Options.Seed?.ToString(CultureInfo.InvariantCulture) ?? "null"})";
        return plan.MixedRows is { } rows ? $"mlContext.Data.TakeRows({mixture}, {rows.ToString(CultureInfo.InvariantCulture)})" : mixture;
    }

    private static string Options(ProjectPlan plan)
        => CSharpInitializer.Write(plan.Options, MemberIndent, plan.Validation is null ? [] : [(nameof(VlmTrainingOptions.EvaluationData), "LoadValidationData(mlContext)")]);

    private static string LoadData(ProjectPlan plan) => (plan.HoldsOut
        ? $$"""
                /// <summary>The rows to learn from: those that are not held out.</summary>
                public static IDataView LoadData(MLContext mlContext) => SplitData(mlContext).TrainSet;

                // There is no data to test with, so a part of the rows is held out; the same ones each time.
                private static DataOperationsCatalog.TrainTestData SplitData(MLContext mlContext)
                    => mlContext.Data.TrainTestSplit({{Training(plan, MemberIndent + MemberIndent)}}, testFraction: {{CSharpText.Literal(plan.HeldOutPart)}}, seed: 1);

            """
        : $$"""
                /// <summary>The rows to learn from. They are read when they are asked for.</summary>
                public static IDataView LoadData(MLContext mlContext) => {{Training(plan, MemberIndent)}};

            """) + (plan.Validation is null ? "" : $$"""

                /// <summary>The rows that training is watched with.</summary>
                public static IDataView LoadValidationData(MLContext mlContext) => {{Load(plan.Validation, MemberIndent)}};

            """);
}
