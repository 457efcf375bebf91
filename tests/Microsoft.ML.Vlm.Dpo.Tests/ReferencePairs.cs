using System.Text.Json;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Processing;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>Preference rows of the reference pack.</summary>
internal static class ReferencePairs
{
    /// <summary>Rows of the pack as pairs.</summary>
    public static VlmSample[] Read(VlmProcessor processor, JsonElement rows) =>
    [
        .. rows.EnumerateArray().Select((row, index) =>
        {
            VlmExample example = ReferenceRows.Example(row, index);
            VlmSample Side(string name) => processor.CreateTraining(example with { Completion = ReferenceRows.Messages(row.GetProperty(name), index) }, LabelMasking.Answer);
            return PreferencePair.Join(Side("chosen"), Side("rejected"));
        }),
    ];
}
