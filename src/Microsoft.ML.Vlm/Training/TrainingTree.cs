using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Shows what trains: the parts of the model, the layers in them, and how many numbers each has.</summary>
internal static partial class TrainingTree
{
    private static readonly (ModelRole Role, string Name)[] s_parts = [(ModelRole.Vision, "vision"), (ModelRole.Connector, "connector"), (ModelRole.Language, "language")];

    /// <summary>A table of a few lines; layers that differ by their number alone share one.</summary>
    /// <param name="parameters">What trains.</param>
    /// <param name="model">The model.</param>
    /// <param name="settings">Learning rates.</param>
    public static string Describe(IReadOnlyList<TrainableParameter> parameters, VisionLanguageModel model, TrainingSettings settings)
    {
        long all = model.Weights.Values.Sum(CountOf);
        StringBuilder text = new();
        long total = parameters.Sum(parameter => parameter.Value.numel());
        Line(text, $"what trains: {total:N0} numbers in {parameters.Count} tensors, {Share(total, all)} of the model's {all:N0}");
        foreach ((ModelRole role, string name) in s_parts)
        {
            long own = model.Weights.Values.Where(weight => model.RoleOf(weight.Name) == role).Sum(CountOf);
            TrainableParameter[] inPart = [.. parameters.Where(parameter => model.RoleOf(PeftKeys.PathOf(parameter.Name)) == role)];
            if (own == 0 && inPart.Length == 0)
            {
                continue;
            }
            long trained = inPart.Sum(parameter => parameter.Value.numel());
            if (inPart.Length == 0)
            {
                Line(text, $"  {name} ({own:N0} numbers): frozen");
                continue;
            }
            Line(text, $"  {name} ({own:N0} numbers): {trained:N0} train");
            foreach (IGrouping<(string Path, string Kind, double Rate), TrainableParameter> group in inPart.GroupBy(parameter => KeyOf(parameter, settings)))
            {
                Line(text, $"    {Numbered(group.Key.Path, group)} {group.Key.Kind}: {group.Sum(parameter => parameter.Value.numel()):N0} in {group.Count()}, learning rate {group.Key.Rate:G4}");
            }
        }
        return text.ToString().TrimEnd();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    // Without the values: those of a quantized weight would be made anew.
    private static long CountOf(Weight weight) => weight.Shape.Aggregate(1L, (count, size) => count * size);

    private static string Share(long part, long all) => ((double)part / all).ToString("P2", CultureInfo.InvariantCulture);

    private static (string Path, string Kind, double Rate) KeyOf(TrainableParameter parameter, TrainingSettings settings)
    {
        string path = PeftKeys.PathOf(parameter.Name);
        string kind = parameter.Name.Contains(".lora_magnitude", StringComparison.Ordinal) ? "DoRA magnitude" : parameter.Name.Contains(".lora_", StringComparison.Ordinal) ? "LoRA" : "whole";
        return (LayerNumber().Replace(path, ".*."), kind, parameter.LearningRateScale * settings.LearningRate);
    }

    // The numbers of the layers in place of the star: 0-3, or 0,2 where some are left out.
    private static string Numbered(string pattern, IEnumerable<TrainableParameter> group)
    {
        int[] numbers =
        [
            .. group.Select(parameter => LayerNumber().Match(PeftKeys.PathOf(parameter.Name))).Where(match => match.Success)
                .Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Distinct().Order(),
        ];
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0 || numbers.Length == 0)
        {
            return pattern;
        }
        string shown = numbers.Length == 1 ? $"{numbers[0]}" : numbers[^1] - numbers[0] == numbers.Length - 1 ? $"{numbers[0]}-{numbers[^1]}" : string.Join(',', numbers);
        return $"{pattern[..star]}{shown}{pattern[(star + 1)..]}";
    }

    [GeneratedRegex(@"\.(\d{1,9})\.")]
    private static partial Regex LayerNumber();
}
