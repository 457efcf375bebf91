using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>A model that is applied without training: what generate, chat, eval and merge begin with.</summary>
internal static class AppliedModel
{
    /// <summary>Reads and checks the options.</summary>
    /// <param name="settings">What was given.</param>
    /// <param name="console">Is shown what is downloaded.</param>
    /// <exception cref="UsageException">One is missing or out of its range.</exception>
    public static VlmScoringEstimator.Options Options(ResolvedSettings settings, ToolConsole console)
    {
        VlmScoringEstimator.Options options = settings.Create<VlmScoringEstimator.Options>();
        OptionsAssembler.Complete(options, settings);
        OptionsAssembler.Check(settings, options.Validate);
        ToolContext.ShowDownloads(options, console);
        return options;
    }

    /// <summary>Loads it to be asked by hand.</summary>
    /// <param name="options">The options.</param>
    /// <param name="console">Gets the log.</param>
    public static VlmTransformer Load(VlmScoringEstimator.Options options, ToolConsole console)
    {
        options.ImageColumnNames = [];
        (options.MessagesColumnName, options.TextColumnName) = (null, null);
        MLContext ml = ToolContext.Create(console);
        return ml.Transforms.ApplyVlm(options).Fit(ml.Data.LoadFromEnumerable([new Question { Text = "" }], Schema(options.PromptColumnName)));
    }

    private static SchemaDefinition Schema(string name)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Question));
        schema[nameof(Question.Text)].ColumnName = name;
        return schema;
    }

    private sealed class Question
    {
        public string Text { get; set; } = "";
    }
}
