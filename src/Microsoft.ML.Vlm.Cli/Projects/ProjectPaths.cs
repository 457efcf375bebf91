using System.Collections;
using System.Reflection;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>Paths as a project in another folder has to write them. Relative ones count from where the command was typed; in the project they count from its folder, where it runs.</summary>
/// <param name="folder">The project's folder.</param>
internal sealed class ProjectPaths(string folder)
{
    private static readonly string[] s_endings = ["Path", "Directory", "Folder", "Checkpoint"];

    /// <summary>A path, or the id of something on the hub, for the project. What does not exist here yet is not looked for: it will be written beside the project.</summary>
    public string Relocate(string path)
        => Path.IsPathRooted(path) || !(File.Exists(path) || Directory.Exists(path) || FileGlob.IsPattern(path)) ? path
            : Path.GetRelativePath(Path.GetFullPath(folder), Path.GetFullPath(path)).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>Relocates all that is read: options whose names say that they are paths, also of options in options. Where a run writes to is the project's own.</summary>
    /// <param name="options">Is changed.</param>
    public void Relocate(object options)
    {
        foreach (PropertyInfo property in CSharpInitializer.Settings(options.GetType()))
        {
            object? value = property.GetValue(options);
            if (value is string path && IsRead(property))
            {
                property.SetValue(options, Relocate(path));
            }
            else if (value is not (null or string or IEnumerable) && value.GetType() is { IsClass: true } type && type != typeof(LearningRateSchedule))
            {
                Relocate(value);
            }
        }
    }

    /// <summary>Whether an option names a file or a folder that a run reads.</summary>
    internal static bool IsRead(PropertyInfo property)
        => property.PropertyType == typeof(string) && property.Name != nameof(VlmTrainingOptions.OutputDirectory) && s_endings.Any(ending => property.Name.EndsWith(ending, StringComparison.Ordinal));
}
