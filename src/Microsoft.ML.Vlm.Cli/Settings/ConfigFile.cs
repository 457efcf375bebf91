using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Options from a YAML file: keys are the names of flags, alone or in sections.</summary>
internal static class ConfigFile
{
    private const long MaximumBytes = 1 << 20;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="table">The options that there are.</param>
    /// <returns>What was written to which option, and where.</returns>
    /// <exception cref="UsageException">There is no such file, it is no YAML, or a key is unknown; names file, line and key.</exception>
    public static IReadOnlyList<(OptionEntry Entry, IReadOnlyList<string> Texts, string Source)> Read(string path, OptionTable table)
    {
        FileInfo file = new(path);
        if (!file.Exists)
        {
            throw new UsageException($"--config: there is no file '{file.FullName}'.");
        }
        if (file.Length > MaximumBytes)
        {
            throw new UsageException($"--config: '{file.FullName}' has {file.Length:N0} bytes; a file of options has at most {MaximumBytes:N0}.");
        }
        return Parse(File.ReadAllText(path), Path.GetFileName(path), table);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="name">Name of the file, for errors and sources.</param>
    /// <param name="table">The options that there are.</param>
    /// <exception cref="UsageException">It is no YAML, or a key is unknown.</exception>
    public static IReadOnlyList<(OptionEntry Entry, IReadOnlyList<string> Texts, string Source)> Parse(string text, string name, OptionTable table)
    {
        YamlStream stream = [];
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw new UsageException($"{name}:{error.Start.Line}: this is no YAML: {error.Message}", error);
        }
        List<(OptionEntry Entry, IReadOnlyList<string> Texts, string Source)> found = [];
        if (stream.Documents.Count == 0)
        {
            return found;
        }
        if (stream.Documents is not [{ RootNode: YamlMappingNode root }])
        {
            throw new UsageException($"{name}: a file of options is one mapping of names to values, such as 'learning_rate: 2e-4'.");
        }
        Add(root, section: null);
        return found.DistinctBy(item => item.Entry).Count() == found.Count
            ? found
            : throw new UsageException($"{name}: '{found.GroupBy(item => item.Entry).First(group => group.Count() > 1).Key.Name}' is given twice.");

        void Add(YamlMappingNode mapping, string? section)
        {
            foreach ((YamlNode keyNode, YamlNode value) in mapping)
            {
                string key = ((YamlScalarNode)keyNode).Value ?? "", place = $"{name}:{keyNode.Start.Line}";
                if (section is null && SectionOf(key) is { } named && value is YamlMappingNode inner)
                {
                    Add(inner, named);
                    continue;
                }
                OptionEntry? entry = table.Find(key);
                if (entry is null || (section is not null && entry.Section != section))
                {
                    throw section is null ? table.Unknown(key, place) : UnknownInSection(key, section, place, table);
                }
                found.Add((entry, Texts(value, place, entry), place));
            }
        }
    }

    private static string? SectionOf(string key)
        => OptionNames.Sections.Values.FirstOrDefault(names => names.Contains(key.Replace('-', '_')))?[0] ?? (key == "data" ? key : null);

    private static UsageException UnknownInSection(string key, string section, string place, OptionTable table)
    {
        string[] known = [.. table.Entries.Where(entry => entry.Section == section).SelectMany(entry => entry.Names)];
        return new UsageException($"{place}: the section '{section}' has no option '{key}'.{NearestName.Hint(key.Replace('-', '_'), known)}");
    }

    private static IReadOnlyList<string> Texts(YamlNode node, string place, OptionEntry entry) => node switch
    {
        YamlSequenceNode { Children.Count: > 0 } list when OptionValue.ElementOf(entry.ValueType) == typeof(DatasetPart) => [.. list.Children.Select(child => DatasetText(child, place, entry))],
        _ => PlainTexts(node, place, entry),
    };

    private static IReadOnlyList<string> PlainTexts(YamlNode node, string place, OptionEntry entry) => node switch
    {
        YamlScalarNode scalar => [IsNull(scalar) ? "none" : scalar.Value!],
        YamlSequenceNode sequence => sequence.Children.Count == 0 ? ["[]"] : [.. sequence.Children.Select(child => Scalar(child, place, entry))],
        YamlMappingNode mapping => mapping.Children.Count == 0 ? ["{}"] : [.. mapping.Children.Select(pair => $"{Scalar(pair.Key, place, entry)}={Scalar(pair.Value, place, entry)}")],
        _ => throw new UsageException($"{place}: '{entry.Name}' is no value."),
    };

    // Its own line is the place of an error: there may be many.
    private static string DatasetText(YamlNode node, string place, OptionEntry entry)
    {
        string file = place[..place.LastIndexOf(':')];
        if (node is not YamlMappingNode mapping)
        {
            return Read($"{file}:{node.Start.Line}", () => DatasetPart.Of(new Dictionary<string, IReadOnlyList<string>> { ["path"] = [Scalar(node, place, entry)] }));
        }
        Dictionary<string, IReadOnlyList<string>> texts = [];
        foreach ((YamlNode keyNode, YamlNode value) in mapping)
        {
            string key = Scalar(keyNode, place, entry), line = $"{file}:{keyNode.Start.Line}";
            if (!DatasetPart.Keys.Contains(key))
            {
                throw new UsageException($"{line}: a data set of '{entry.Name}' has no '{key}'.{NearestName.Hint(key, [.. DatasetPart.Keys])}");
            }
            texts[key] = PlainTexts(value, line, entry);
        }
        return Read($"{file}:{node.Start.Line}", () => DatasetPart.Of(texts));

        string Read(string line, Func<DatasetPart> make)
        {
            try
            {
                return make().ToString();
            }
            catch (FormatException error)
            {
                throw new UsageException($"{line}: {entry.Name}: {error.Message}.", error);
            }
        }
    }

    private static string Scalar(YamlNode node, string place, OptionEntry entry)
        => node is YamlScalarNode scalar ? scalar.Value ?? "none" : throw new UsageException($"{place}: '{entry.Name}' takes texts and numbers, not lists of lists.");

    private static bool IsNull(YamlScalarNode scalar) => scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null" or "Null" or "NULL";
}
