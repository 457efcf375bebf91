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

    private static string FolderOf(string file) => Path.GetDirectoryName(Path.GetFullPath(file))!;

    private static DataLocation InFolder(string folder, string? split, string? configuration)
    {
        DatasetCard? card = DatasetCard.Read(Path.Combine(folder, "README.md"));
        (string name, IReadOnlyList<(string Split, IReadOnlyList<string> Files)> splits) = Configuration(folder, card, configuration);
        if (splits.Count == 0)
        {
            throw new FileNotFoundException($"The folder '{folder}' has no files with rows ({string.Join(", ", DataFormats.Endings)}), neither by its README nor by their names.", folder);
        }
        string wanted = split ?? (splits.Any(part => Means(part.Split, "train")) ? "train" : splits.Count == 1 ? splits[0].Split
            : throw new InvalidDataException($"'{folder}' has the splits {string.Join(", ", splits.Select(part => part.Split))} and none named train. Name one with Split."));
        (string found, IReadOnlyList<string> files) = splits.FirstOrDefault(part => part.Split == wanted) is { Files: not null } exact ? exact : splits.FirstOrDefault(part => Means(part.Split, wanted));
        return files is null
            ? throw new InvalidDataException($"'{folder}' has no split '{wanted}'; there are {string.Join(", ", splits.Select(part => part.Split))}.")
            : new(SameForm(files), IsMetadata(files[0]) ? FolderOf(files[0]) : Path.GetFullPath(folder), found, card?.Features.GetValueOrDefault(name) ?? HuggingFaceFeatures.None);
    }

    private static (string Name, IReadOnlyList<(string Split, IReadOnlyList<string> Files)> Splits) Configuration(string folder, DatasetCard? card, string? wanted)
    {
        if (card is not { Configurations.Count: > 0 } || card.Configurations.All(item => item.Files.Count == 0))
        {
            return wanted is null or "default" ? ("default", ByName(folder))
                : throw new InvalidDataException($"'{folder}' has no configuration '{wanted}'; its README lists none.");
        }
        string name = wanted ?? card.DefaultConfiguration ?? (card.Configurations.Any(item => item.Name == "default") ? "default" : card.Configurations.Count == 1 ? card.Configurations[0].Name
            : throw new InvalidDataException($"'{folder}' has the configurations {Names(card)}. Name one with Configuration."));
        var found = card.Configurations.FirstOrDefault(item => item.Name == name);
        return found.Files is null
            ? throw new InvalidDataException($"'{folder}' has no configuration '{name}'; there are {Names(card)}.")
            : (name, [.. found.Files.Select(part => (part.Split, (IReadOnlyList<string>)[.. part.Globs.SelectMany(glob => FileGlob.Find(folder, glob)).Distinct()]))
                .Where(part => part.Item2.Count > 0)]);
    }

    private static string Names(DatasetCard card) => string.Join(", ", card.Configurations.Select(item => item.Name));

    // As datasets finds them: by the names of files, else by those of folders.
    private static List<(string, IReadOnlyList<string>)> ByName(string folder)
    {
        IReadOnlyList<string> all = FileGlob.Files(folder, isDeep: true);
        if (all.Any(file => file.EndsWith(".arrow", StringComparison.Ordinal)) && !all.Any(file => file.EndsWith(".parquet", StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"'{folder}' was written by save_to_disk, whose Arrow files are not read. Write it with to_parquet instead.");
        }
        string[] files = [.. all.Where(file => DataFormats.IsKnown(file) && !s_descriptions.Contains(Path.GetFileName(file)))];
        string[] metadata = [.. files.Where(IsMetadata)];
        if (metadata.Length > 0)
        {
            return [.. metadata.GroupBy(file => SplitOf(Path.GetRelativePath(folder, FolderOf(file))) ?? "train").Select(group => (group.Key, (IReadOnlyList<string>)[group.First()]))];
        }

        // Beside files that are named for a split, others describe something.
        (string File, string? Split)[] named = [.. files.Select(file => (file, SplitOf(Path.GetFileNameWithoutExtension(file)) ?? SplitOf(Path.GetRelativePath(folder, FolderOf(file)))))];
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
