using System.Text.RegularExpressions;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>The name of a project, which is that of its class and the beginning of its files' names.</summary>
internal static partial class ProjectName
{
    // Members of the class, and names that the code or a file system has for something else.
    private static readonly HashSet<string> s_taken = new(
        [
            "ModelFile", "ModelInput", "ModelOutput", "Model", "Train", "BuildPipeline", "LoadData", "LoadValidationData", "LoadTestData", "Predict", "Ask", "Evaluate",
            "CreateContext", "SplitData", "CreateEngine", "Program", "Microsoft", "System", "Con", "Prn", "Aux", "Nul",
        ], StringComparer.OrdinalIgnoreCase);

    // Inside of its namespace the class would hide a type that the code uses.
    private static readonly Lazy<HashSet<string>> s_types = new(() =>
    [
        .. new[] { typeof(object), typeof(Console), typeof(Enumerable), typeof(MLContext), typeof(IDataView), typeof(VlmModelOptions), typeof(VlmDpoEstimator) }.Select(type => type.Assembly).Distinct()
            .SelectMany(assembly => assembly.GetExportedTypes()).Where(type => !type.IsNested).Select(type => type.Name.Split('`')[0]),
    ]);

    /// <summary>Checks a name.</summary>
    /// <param name="name">What was given; null for nothing.</param>
    /// <returns>The name.</returns>
    /// <exception cref="UsageException">It cannot be the name of a class of its own.</exception>
    public static string Check(string? name)
        => string.IsNullOrEmpty(name) ? throw new UsageException("name is missing: --name ChartAnswers names the class and the files.")
            : !Form().IsMatch(name) ? throw new UsageException($"--name: {CSharpText.Literal(name)} cannot name a class and its files: write a capital letter, then letters and digits, at most 64, such as ChartAnswers.")
            : s_taken.Contains(name) || s_types.Value.Contains(name) ? throw new UsageException($"--name: '{name}' is the name of something that the code uses; choose another, such as My{name}.")
            : name;

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]{0,63}\z")]
    private static partial Regex Form();
}
