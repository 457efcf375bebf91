namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary><c>Name.consumption.cs</c>: the trained model in use, from any thread.</summary>
internal static class ConsumptionPart
{
    /// <summary>Writes it.</summary>
    public static string Write(ProjectPlan plan) => $$"""
        {{(plan.HasMessages ? "using System.Text.Json;\n" : "")}}using Microsoft.ML;
        {{(IsNamed(plan) ? "using Microsoft.ML.Data;\n" : "")}}{{(plan.ImageColumns.Count > 0 ? "using Microsoft.ML.Vlm;\n" : "")}}
        namespace {{plan.Namespace}};

        // How the model is used. It is loaded once, when it is first needed; all of this may be called from any thread.
        public static partial class {{plan.Name}}
        {
            private static readonly Lock s_lock = new();

            // An engine is for one thread; the model behind them is shared, and no engine may dispose it.
            private static readonly ThreadLocal<PredictionEngine<ModelInput, ModelOutput>> s_engine = new(
                () => new MLContext().Model.CreatePredictionEngine<ModelInput, ModelOutput>(Model, new PredictionEngineOptions { OwnsTransformer = false }));

            private static ITransformer? s_model;

            /// <summary>The trained model, read from <see cref="ModelFile"/>. Load only files you trust: ML.NET runs code of the assemblies that they name.</summary>
            /// <exception cref="FileNotFoundException">Nothing has been trained yet.</exception>
            public static ITransformer Model
            {
                get
                {
                    lock (s_lock)
                    {
                        return s_model ??= LoadModel();
                    }
                }
            }

            /// <summary>Answers a row.</summary>
            public static ModelOutput Predict(ModelInput input) => s_engine.Value!.Predict(input);

        {{Ask(plan)}}
            private static ITransformer LoadModel() => File.Exists(ModelFile)
                ? new MLContext().Model.Load(ModelFile, out _)
                : throw new FileNotFoundException($"There is no trained model '{ModelFile}' yet: train first.", ModelFile);

            /// <summary>A row as the model reads it.</summary>
            public sealed class ModelInput
            {
        {{Input(plan)}}    }

            /// <summary>What the model says of a row.</summary>
            public sealed class ModelOutput
            {
        {{Output(plan)}}    }
        }

        """.Replace("\r\n", "\n", StringComparison.Ordinal);

    // Columns that are not called as the properties are.
    private static bool IsNamed(ProjectPlan plan)
        => plan.QuestionColumn != QuestionProperty(plan) || !plan.ImageColumns.SequenceEqual(ImageProperties(plan)) || plan.Options.OutputColumnName != "Response" || plan.Options.ScoreColumnName is not (null or "Score");

    private static string QuestionProperty(ProjectPlan plan) => plan.HasMessages ? "Messages" : plan.Options.TextColumnName is null ? "Prompt" : "Text";

    private static IReadOnlyList<string> ImageProperties(ProjectPlan plan) => plan.ImageColumns.Count == 1 ? ["Image"] : [.. plan.ImageColumns.Select((_, index) => $"Image{index + 1}")];

    private static string Ask(ProjectPlan plan)
    {
        string question = plan.HasMessages ? "JsonSerializer.Serialize(new[] { new { role = \"user\", content = question } })" : "question";
        string input = $"new ModelInput {{ {string.Join(", ", ImageProperties(plan).Select((name, index) => $"{name} = ImageSequence.FromFiles({Files(plan, index)})").Append($"{QuestionProperty(plan)} = {question}"))} }}";
        return plan.ImageColumns.Count == 0
            ? $$"""
                    /// <summary>Answers a question.</summary>
                    public static string Ask(string question) => Predict({{input}}).Response;

                """
            : $$"""
                    /// <summary>Answers a question about images.</summary>
                    /// <param name="question">The question; <c>&lt;image&gt;</c> in it marks the place of the next image, without marks they come first.</param>
                    /// <param name="imagePaths">PNG, JPEG, GIF, BMP or WebP files{{(plan.ImageColumns.Count > 1 ? ", one for each column of images" : "")}}.</param>
                    public static string Ask(string question, params string[] imagePaths) => Predict({{input}}).Response;

                """;
    }

    private static string Files(ProjectPlan plan, int index) => plan.ImageColumns.Count == 1 ? "imagePaths" : $"[imagePaths[{index}]]";

    private static string Input(ProjectPlan plan)
    {
        IEnumerable<string> images = plan.ImageColumns.Zip(ImageProperties(plan)).Select(pair => $$"""
                    /// <summary>The images of the row, none, one or several: <c>ImageSequence.FromFiles</c>, <c>FromImages</c>, <c>FromEncoded</c>.</summary>
                    [ImageSequence{{(pair.First == pair.Second ? "" : $", ColumnName({CSharpText.Literal(pair.First)})")}}]
                    public ImageSequence {{pair.Second}} { get; set; } = ImageSequence.Empty;


            """);
        string name = QuestionProperty(plan);
        return string.Concat(images) + $$"""
                    /// <summary>{{(plan.HasMessages ? "A conversation as JSON, such as <c>[{\"role\": \"user\", \"content\": \"...\"}]</c>; its last turn is answered." : plan.Options.TextColumnName is null ? "The question." : "The text to go on with.")}}</summary>
            {{Named(plan.QuestionColumn, name)}}        public string {{name}} { get; set; } = "";

            """;
    }

    private static string Output(ProjectPlan plan) => $$"""
                /// <summary>The answer.</summary>
        {{Named(plan.Options.OutputColumnName!, "Response")}}        public string Response { get; set; } = "";

        """ + (plan.Options.ScoreColumnName is not { } score ? "" : $$"""

                /// <summary>How sure the model is: the mean log-probability of the answer's tokens; 0 is certain.</summary>
        {{Named(score, "Score")}}        public float Score { get; set; }

        """);

    private static string Named(string column, string property) => column == property ? "" : $"        [ColumnName({CSharpText.Literal(column)})]\n";
}
