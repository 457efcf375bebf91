using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>The files of a project.</summary>
internal static class ProjectFiles
{
    /// <summary>Their names and contents.</summary>
    public static IReadOnlyList<(string Name, string Text)> Of(ProjectPlan plan) =>
    [
        ($"{plan.Name}.csproj", ProjectPart.Write(plan)),
        ("Program.cs", ProgramPart.Write(plan)),
        ($"{plan.Name}.training.cs", TrainingPart.Write(plan)),
        ($"{plan.Name}.consumption.cs", ConsumptionPart.Write(plan)),
        .. plan.CanEvaluate ? [($"{plan.Name}.evaluate.cs", EvaluationPart.Write(plan))] : Array.Empty<(string, string)>(),
    ];

    /// <summary>Throws unless files may be written: without force none may be there. Looked at before data is, which may have to be downloaded.</summary>
    /// <param name="folder">The project's folder.</param>
    /// <param name="name">The project's name.</param>
    /// <exception cref="UsageException">One is.</exception>
    public static void CheckFree(string folder, string name)
    {
        if (File.Exists(folder))
        {
            throw new UsageException($"--output_folder: '{Path.GetFullPath(folder)}' is a file; name a folder.");
        }
        string[] names = [$"{name}.csproj", "Program.cs", $"{name}.training.cs", $"{name}.consumption.cs", $"{name}.evaluate.cs"];
        if (names.Select(file => Path.Combine(folder, file)).FirstOrDefault(path => File.Exists(path) || Directory.Exists(path)) is { } taken)
        {
            throw new UsageException($"'{Path.GetFullPath(taken)}' is there already and is left as it is. Name another --output_folder, or write over it with --force.");
        }
    }

    /// <summary>Writes files, each whole or not at all.</summary>
    /// <param name="folder">Is created.</param>
    /// <param name="files">Names and contents.</param>
    public static void Write(string folder, IEnumerable<(string Name, string Text)> files)
    {
        foreach ((string name, string text) in files)
        {
            AtomicFile.Write(Path.Combine(folder, name), path => File.WriteAllText(path, text));
        }
    }
}
