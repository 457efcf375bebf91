namespace Microsoft.ML.Vlm.Data;

/// <summary>The files of a data set, and the folder that its images belong to.</summary>
/// <param name="Files">Files with rows, all of one form.</param>
/// <param name="ImageFolder">Folder that paths of images are relative to.</param>
/// <param name="Split">The split, or null where there are none.</param>
/// <param name="Features">Names of classes that the data set's README has.</param>
internal sealed record DataLocation(IReadOnlyList<string> Files, string ImageFolder, string? Split, HuggingFaceFeatures Features)
{
    private static readonly string[][] s_splits = [["train", "training"], ["validation", "valid", "val", "dev"], ["test", "testing", "eval", "evaluation"]];

    // What datasets writes beside the data.
    private static readonly HashSet<string> s_descriptions = ["dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"];

    /// <summary>Finds the files of a path.</summary>
    /// <param name="path">A file, a pattern of files, or a folder.</param>
    /// <param name="split">The split that is wanted, or null.</param>
    /// <param name="configuration">The configuration that is wanted, or null.</param>
    /// <exception cref="FileNotFoundException">There is nothing to read; says what there is.</exception>
    /// <exception cref="InvalidDataException">The split or the configuration is unknown; lists those that there are.</exception>
    public static DataLocation Find(string path, string? split, string? configuration)
    {
        if (File.Exists(path))
        {
            return new([path], FolderOf(path), null, HuggingFaceFeatures.None);
        }
        if (Directory.Exists(path))
        {
            return InFolder(path, split, configuration);
        }
        if (FileGlob.IsPattern(path))
        {
            string[] parts = Path.GetFullPath(path).Replace(Path.DirectorySeparatorChar, '/').Split('/');
            int first = Array.FindIndex(parts, FileGlob.IsPattern);
            IReadOnlyList<string> files = FileGlob.Find(string.Join('/', parts[..first]) + "/", string.Join('/', parts[first..]));
            return files.Count > 0 ? new(SameForm(files), FolderOf(files[0]), null, HuggingFaceFeatures.None)
                : throw new FileNotFoundException($"No file matches '{path}'.", path);
        }
        throw new FileNotFoundException($"'{path}' is no file, no folder and no pattern of files.", path);
    }

    /// <summary>The files of a folder or repository that a split is read from, of those that are listed.</summary>
    /// <param name="name">Folder or id; shown in errors.</param>
    /// <param name="paths">All files, relative to it, with slashes.</param>
    /// <param name="card">What its README says, or null.</param>
    /// <param name="split">The split that is wanted, or null.</param>
    /// <param name="configuration">The configuration that is wanted, or null.</param>
    /// <exception cref="FileNotFoundException">There are no files with rows.</exception>
    /// <exception cref="InvalidDataException">The split or the configuration is unknown; lists those that there are.</exception>
    public static (IReadOnlyList<string> Paths, string Split, HuggingFaceFeatures Features) Choose(
        string name, IReadOnlyList<string> paths, DatasetCard? card, string? split, string? configuration)
    {
        (string chosen, IReadOnlyList<(string Split, IReadOnlyList<string> Files)> splits) = Configuration(name, paths, card, configuration);
        if (splits.Count == 0)
        {
            throw new FileNotFoundException($"'{name}' has no files with rows ({string.Join(", ", DataFormats.Endings)}), neither by its README nor by their names.", name);
        }
        string wanted = split ?? (splits.Any(part => Means(part.Split, "train")) ? "train" : splits.Count == 1 ? splits[0].Split
            : throw new InvalidDataException($"'{name}' has the splits {string.Join(", ", splits.Select(part => part.Split))} and none named train. Name one with Split."));
        (string found, IReadOnlyList<string> files) = splits.FirstOrDefault(part => part.Split == wanted) is { Files: not null } exact ? exact : splits.FirstOrDefault(part => Means(part.Split, wanted));
        return files is null
            ? throw new InvalidDataException($"'{name}' has no split '{wanted}'; there are {string.Join(", ", splits.Select(part => part.Split))}.")
            : (SameForm(files), found, card?.Features.GetValueOrDefault(chosen) ?? HuggingFaceFeatures.None);
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(Path.GetFullPath(file))!;

    private static DataLocation InFolder(string folder, string? split, string? configuration)
    {
        string[] paths = [.. FileGlob.Files(folder, isDeep: true).Select(file => FileGlob.Relative(folder, file))];
        (IReadOnlyList<string> chosen, string found, HuggingFaceFeatures features) = Choose(folder, paths, DatasetCard.Read(Path.Combine(folder, DatasetCard.FileName)), split, configuration);
        string[] files = [.. chosen.Select(path => Path.Combine(folder, path))];
        return new(files, IsMetadata(chosen[0]) ? FolderOf(files[0]) : Path.GetFullPath(folder), found, features);
    }

    private static (string Name, IReadOnlyList<(string Split, IReadOnlyList<string> Files)> Splits) Configuration(string name, IReadOnlyList<string> paths, DatasetCard? card, string? wanted)
    {
        if (card is not { Configurations.Count: > 0 } || card.Configurations.All(item => item.Files.Count == 0))
        {
            return wanted is null or "default" ? ("default", ByName(name, paths))
                : throw new InvalidDataException($"'{name}' has no configuration '{wanted}'; its README lists none.");
        }
        string chosen = wanted ?? card.DefaultConfiguration ?? (card.Configurations.Any(item => item.Name == "default") ? "default" : card.Configurations.Count == 1 ? card.Configurations[0].Name
            : throw new InvalidDataException($"'{name}' has the configurations {Names(card)}. Name one with Configuration."));
        var found = card.Configurations.FirstOrDefault(item => item.Name == chosen);
        return found.Files is null
            ? throw new InvalidDataException($"'{name}' has no configuration '{chosen}'; there are {Names(card)}.")
            : (chosen, [.. found.Files.Select(part => (part.Split, (IReadOnlyList<string>)[.. part.Globs.SelectMany(glob => FileGlob.Matching(paths, glob)).Distinct()]))
                .Where(part => part.Item2.Count > 0)]);
    }

    private static string Names(DatasetCard card) => string.Join(", ", card.Configurations.Select(item => item.Name));

    // As datasets finds them: by the names of files, else by those of folders.
    private static List<(string, IReadOnlyList<string>)> ByName(string name, IReadOnlyList<string> all)
    {
        if (all.Any(file => file.EndsWith(".arrow", StringComparison.Ordinal)) && !all.Any(file => file.EndsWith(".parquet", StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"'{name}' was written by save_to_disk, whose Arrow files are not read. Write it with to_parquet instead.");
        }
        string[] files = [.. all.Where(file => DataFormats.IsKnown(file) && !s_descriptions.Contains(Path.GetFileName(file)))];
        string[] metadata = [.. files.Where(IsMetadata)];
        if (metadata.Length > 0)
        {
            return [.. metadata.GroupBy(file => SplitOf(file[..^Path.GetFileName(file).Length]) ?? "train").Select(group => (group.Key, (IReadOnlyList<string>)[group.First()]))];
        }

        // Beside files that are named for a split, others describe something.
        (string File, string? Split)[] named = [.. files.Select(file => (file, SplitOf(Path.GetFileNameWithoutExtension(file)) ?? SplitOf(file[..^Path.GetFileName(file).Length])))];
        bool hasSplits = named.Any(pair => pair.Split is not null);
        return
        [
            .. named.Where(pair => pair.Split is not null || !hasSplits).GroupBy(pair => pair.Split ?? "train", pair => pair.File)
                .OrderBy(group => Array.FindIndex(s_splits, names => names.Contains(group.Key)))
                .Select(group => (group.Key, (IReadOnlyList<string>)BestForm([.. group]))),
        ];
    }

    private static bool IsMetadata(string file) => Path.GetFileName(file) is "metadata.jsonl" or "metadata.csv" or "metadata.parquet";

    private static string? SplitOf(string text)
        => text.Split(['-', '_', '.', '/', '\\', ' ']).Select(word => s_splits.SelectMany(names => names).FirstOrDefault(name => name.Equals(word, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(name => name is not null);

    private static bool Means(string split, string wanted) => split == wanted || s_splits.Any(names => names.Contains(split) && names.Contains(wanted));

    private static string[] BestForm(string[] files)
    {
        string ending = DataFormats.Endings.First(known => files.Any(file => file.EndsWith(known, StringComparison.OrdinalIgnoreCase)));
        return [.. files.Where(file => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase))];
    }

    private static IReadOnlyList<string> SameForm(IReadOnlyList<string> files)
        => files.Select(file => Path.GetExtension(file).ToLowerInvariant()).Distinct().Count() == 1 ? files
            : throw new InvalidDataException($"Files of different forms would be read together: {string.Join(", ", files.Take(4).Select(Path.GetFileName))}. Name those of one form.");
}
