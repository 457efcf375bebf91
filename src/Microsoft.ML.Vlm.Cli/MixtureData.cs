using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Loads the data sets of a mixture.</summary>
internal static class MixtureData
{
    // What datasets calls its ways to read files, where the files themselves are the data.
    private static readonly string[] s_forms = ["json", "csv", "parquet", "imagefolder"];

    /// <summary>Loads them.</summary>
    /// <param name="ml">Loads.</param>
    /// <param name="settings">What holds for all of them.</param>
    /// <param name="options">Options of the run.</param>
    /// <param name="flags">The data sets.</param>
    /// <param name="console">Is told what was found.</param>
    /// <returns>The mixture, and what it is mixed of.</returns>
    public static (IDataView Data, IReadOnlyList<MixedSource> Sources, ColumnMap Columns) Load(MLContext ml, ResolvedSettings settings, VlmTrainingOptions options, DataFlags flags, ToolConsole console)
    {
        List<VlmMixturePart> parts = [];
        List<MixedSource> sources = [];
        foreach (DatasetPart part in flags.Datasets)
        {
            foreach (string path in PathsOf(ml, part, options.Hub, console.Token))
            {
                DataSource source = new(path, OptionsOf(settings, part, path, flags, options.Hub));
                IDataView data = source.Load(ml);
                string much = part.Fraction is { } fraction ? $", fraction {OptionValue.Format(fraction)}" : part.Weight is { } weight ? $", weight {OptionValue.Format(weight)}" : "";
                console.Note($"training on {part.Path}{much}: {data.DescribeVlmColumns()}");
                parts.Add(new VlmMixturePart(data) { Fraction = part.Fraction, Weight = part.Weight });
                sources.Add(new MixedSource(source, part.Fraction, part.Weight));
            }
        }
        IDataView mixture = ml.Data.MixVlm(parts, options.Seed);
        return (flags.MaxTrainSamples is { } rows ? ml.Data.TakeRows(mixture, rows) : mixture, sources, RunData.ColumnsOf(parts[0].Data));
    }

    private static VlmDataOptions OptionsOf(ResolvedSettings settings, DatasetPart part, string path, DataFlags flags, HubOptions? hub)
    {
        VlmDataOptions data = settings.Create<VlmDataOptions>();
        bool hasParts = !File.Exists(path) && !FileGlob.IsPattern(path);
        (data.Split, data.Hub) = (hasParts ? part.Split ?? flags.DatasetTrainSplit : null, hub);
        data.Configuration = part.Name ?? data.Configuration;
        data.ImageFolder = part.ImageFolder ?? data.ImageFolder;
        data.Columns = part.Columns.Count > 0 ? part.Columns : data.Columns;
        if (part.ColumnMapping.Count > 0)
        {
            data.ColumnMapping.Clear();
            foreach ((string from, string to) in part.ColumnMapping)
            {
                data.ColumnMapping[from] = to;
            }
        }
        return data;
    }

    private static IEnumerable<string> PathsOf(MLContext ml, DatasetPart part, HubOptions? hub, CancellationToken token)
    {
        if (part.DataDir is null && part.DataFiles.Count == 0)
        {
            return [part.Path];
        }
        bool isForm = s_forms.Contains(part.Path) && !Directory.Exists(part.Path);
        string root = isForm ? "" : Directory.Exists(part.Path) ? part.Path : Download(ml, part, hub, token);
        string folder = Path.Combine(root, part.DataDir ?? "");
        return part.DataFiles.Count == 0 ? [folder] : part.DataFiles.Select(file => Path.Combine(folder, file));
    }

    private static string Download(MLContext ml, DatasetPart part, HubOptions? hub, CancellationToken token)
    {
        string[] places = part.DataDir is { } folder ? [folder, .. part.DataFiles] : [.. part.DataFiles];
        if (places.FirstOrDefault(place => Path.IsPathRooted(place) || place.Split('/', '\\').Contains("..")) is { } outside)
        {
            throw new UsageException($"datasets: '{outside}' is no place in the data set {part.Path}.");
        }
        string prefix = part.DataDir is { } inner ? inner.Trim('/') + "/" : "";
        string[] patterns = part.DataFiles.Count > 0 ? [.. part.DataFiles.Select(file => prefix + file)] : [prefix];
        return ml.Vlm().DownloadFromHub(part.Path, new HubDownloadOptions { Kind = HubRepositoryKind.Dataset, AllowPatterns = patterns, Hub = hub }, token);
    }
}
