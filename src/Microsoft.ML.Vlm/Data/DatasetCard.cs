using Microsoft.ML.Vlm.Checkpoints;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Microsoft.ML.Vlm.Data;

/// <summary>What the head of a data set's README says: configurations, the files of their splits, and the names of classes.</summary>
/// <param name="Configurations">Names, and for each split the globs of its files; in their order.</param>
/// <param name="DefaultConfiguration">The one marked as default, or null.</param>
/// <param name="Features">Names of classes, by configuration.</param>
internal sealed record DatasetCard(
    IReadOnlyList<(string Name, IReadOnlyList<(string Split, IReadOnlyList<string> Globs)> Files)> Configurations, string? DefaultConfiguration,
    IReadOnlyDictionary<string, HuggingFaceFeatures> Features)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "README.md";

    private const long MaxBytes = 1 << 24;

    /// <summary>Reads a README; null when there is none or it has no head.</summary>
    /// <exception cref="InvalidDataException">The head is no YAML, or the file is too long; names it.</exception>
    public static DatasetCard? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        if (LinkedFile.Length(path) > MaxBytes)
        {
            throw new InvalidDataException($"'{path}' has more than {MaxBytes:N0} bytes.");
        }
        string[] lines = File.ReadAllLines(path);
        int end = lines.Length > 0 && lines[0].Trim() == "---" ? Array.FindIndex(lines, 1, line => line.Trim() == "---") : -1;
        if (end < 0)
        {
            return null;
        }
        try
        {
            YamlStream yaml = [];
            yaml.Load(new StringReader(string.Join('\n', lines[1..end])));
            return yaml.Documents is [{ RootNode: YamlMappingNode root }, ..] ? From(root) : null;
        }
        catch (YamlException error)
        {
            throw new InvalidDataException($"'{path}': the head is not YAML: {error.Message}", error);
        }
    }

    private static DatasetCard From(YamlMappingNode root)
    {
        List<(string, IReadOnlyList<(string, IReadOnlyList<string>)>)> configurations = [];
        string? chosen = null;
        foreach (YamlMappingNode item in Items(Find(root, "configs")))
        {
            string name = Text(Find(item, "config_name")) ?? "default";
            if (Text(Find(item, "default")) == "true")
            {
                chosen = name;
            }
            configurations.Add((name, Files(item)));
        }
        Dictionary<string, HuggingFaceFeatures> features = [];
        foreach (YamlMappingNode info in Items(Find(root, "dataset_info")))
        {
            features[Text(Find(info, "config_name")) ?? "default"] = new(ClassNames(info));
        }
        return new DatasetCard(configurations, chosen, features);
    }

    private static List<(string, IReadOnlyList<string>)> Files(YamlMappingNode configuration)
    {
        YamlNode? files = Find(configuration, "data_files");
        string? folder = Text(Find(configuration, "data_dir"));
        string Place(string glob) => folder is null ? glob : $"{folder}/{glob}";
        return files switch
        {
            YamlSequenceNode sequence when sequence.Children.All(child => child is YamlMappingNode) =>
                [.. Items(sequence).Select(item => (Text(Find(item, "split")) ?? "train", (IReadOnlyList<string>)[.. Texts(Find(item, "path")).Select(Place)]))],
            null => [],
            _ => [("train", [.. Texts(files).Select(Place)])],
        };
    }

    private static Dictionary<string, IReadOnlyList<string>> ClassNames(YamlMappingNode info)
    {
        Dictionary<string, IReadOnlyList<string>> names = [];
        foreach (YamlMappingNode feature in Items(Find(info, "features")))
        {
            if (Text(Find(feature, "name")) is { } name && Find(feature, "dtype") is YamlMappingNode type && Find(type, "class_label") is YamlMappingNode label)
            {
                names[name] = Find(label, "names") switch
                {
                    YamlMappingNode map => [.. map.Children.Values.Select(value => Text(value) ?? "")],
                    var list => [.. Texts(list)],
                };
            }
        }
        return names;
    }

    private static YamlNode? Find(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? value) ? value : null;

    private static IEnumerable<YamlMappingNode> Items(YamlNode? node) => node switch
    {
        YamlSequenceNode sequence => sequence.Children.OfType<YamlMappingNode>(),
        YamlMappingNode single => [single],
        _ => [],
    };

    private static string? Text(YamlNode? node) => (node as YamlScalarNode)?.Value;

    private static IEnumerable<string> Texts(YamlNode? node) => node switch
    {
        YamlSequenceNode sequence => sequence.Children.Select(Text).OfType<string>(),
        YamlScalarNode { Value: { } value } => [value],
        _ => [],
    };
}
