using System.Buffers;

namespace Microsoft.ML.Vlm;

/// <content>Who is told about a run.</content>
public abstract partial class VlmTrainingOptions
{
    private static readonly SearchValues<char> s_notInNames = SearchValues.Create("/\\:*?\"<>|");

    /// <summary>
    /// Trackers that get the run's numbers (<c>report_to</c>): several with <c>|</c>. Default <see cref="TrackerKind.None"/>. Independent of it, a run with an
    /// <see cref="OutputDirectory"/> keeps <c>run.jsonl</c> and <c>report.html</c> there, and <c>System.Diagnostics.Metrics</c> and <c>ActivitySource</c> publish under the
    /// name <c>Microsoft.ML.Vlm</c> for those in the process who listen.
    /// </summary>
    public TrackerKind ReportTo { get; set; } = TrackerKind.None;

    /// <summary>
    /// Name of the run (<c>run_name</c>), which may be used as the name of a folder. Null, the default, is made of the model's name and the time; a run that goes on from a
    /// checkpoint then keeps its name.
    /// </summary>
    public string? RunName { get; set; }

    /// <summary>
    /// Project that the run belongs to (<c>project</c>). Null, the default, is the environment variable <c>TRACKIO_PROJECT</c>, or else <c>huggingface</c> as in TRL.
    /// </summary>
    public string? Project { get; set; }

    /// <summary>Trackers of your own. Default none.</summary>
    public IReadOnlyList<IRunTracker> Trackers { get; set; } = [];

    private void ValidateTracking()
    {
        if ((ReportTo & ~TrackerKind.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(ReportTo), ReportTo, "Not trackers of this library.");
        }
        ArgumentNullException.ThrowIfNull(Trackers);
        if (Trackers.Any(tracker => tracker is null))
        {
            throw new ArgumentException("Trackers has a null entry.", nameof(Trackers));
        }
        CheckName(RunName, nameof(RunName));
        CheckName(Project, nameof(Project));
        if (Project is { } project
            && (project.StartsWith("registry-", StringComparison.Ordinal) || project.EndsWith("_system", StringComparison.Ordinal)
                || project.EndsWith("_configs", StringComparison.Ordinal) || project.EndsWith("_traces", StringComparison.Ordinal)))
        {
            throw new ArgumentException($"Project '{project}' is a name that trackio keeps for itself: it begins with 'registry-' or ends with '_system', '_configs' or '_traces'.", nameof(Project));
        }
    }

    // Trackers make folders of these names.
    private static void CheckName(string? name, string option)
    {
        if (name is not null && (string.IsNullOrWhiteSpace(name) || name is "." or ".." || name.AsSpan().ContainsAny(s_notInNames) || name.Any(char.IsControl) || name.Length > 128))
        {
            throw new ArgumentException($"{option} '{name}' cannot be the name of a folder: give 1 to 128 characters, none of / \\ : * ? \" < > |.", option);
        }
    }
}
