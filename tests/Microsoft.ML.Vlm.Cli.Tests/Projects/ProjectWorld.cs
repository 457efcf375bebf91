using System.Reflection;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests.Projects;

/// <summary>A folder with data that projects are made in, and that they run in.</summary>
internal sealed class ProjectWorld : IDisposable
{
    private readonly string _before = Environment.CurrentDirectory;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vlm-new-");

    public ProjectWorld()
    {
        Environment.CurrentDirectory = _folder.FullName;
        for (int index = 0; index < 3; index++)
        {
            using MLImage image = ColorData.Image((byte)(80 * index), 120, 30, 12, 10);
            image.Save(Path($"{index}.png"));
        }
    }

    /// <summary>Options that make any run short.</summary>
    public static string[] Short { get; } =
        ["--model_name_or_path", TinyVlm.Folder, "--max_steps", "2", "--per_device_train_batch_size", "2", "--max_new_tokens", "4", "--lora_r", "2", "--no_preflight"];

    /// <summary>A path in the folder.</summary>
    public string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    /// <summary>Writes rows, one a line.</summary>
    public void Rows(string file, int count, Func<int, object> row)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(file))!);
        File.WriteAllLines(Path(file), Enumerable.Range(0, count).Select(index => JsonSerializer.Serialize(row(index))));
    }

    /// <summary>The code of a project.</summary>
    public string[] Sources(string project) => [.. Directory.GetFiles(Path(project), "*.cs").Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    /// <summary>Compiles a project's code and moves to where it runs.</summary>
    /// <param name="project">Its folder.</param>
    /// <param name="name">Its name.</param>
    /// <returns>Its class.</returns>
    public Type Enter(string project, string name)
    {
        Assembly assembly = GeneratedCode.Compile(Sources(project));
        Environment.CurrentDirectory = Path(project);
        return assembly.GetType($"{name}App.{name}")!;
    }

    /// <summary>Calls a method of a project's class.</summary>
    public static object? Call(Type type, string method, params object?[] arguments) => type.GetMethod(method)!.Invoke(null, arguments);

    public void Dispose()
    {
        Environment.CurrentDirectory = _before;
        _folder.Delete(recursive: true);
    }
}
