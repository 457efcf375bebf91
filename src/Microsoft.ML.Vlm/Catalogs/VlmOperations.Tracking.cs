using Microsoft.ML.Vlm.Reports;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm;

public sealed partial class VlmOperations
{
    /// <summary>
    /// Writes a run as one page of HTML: curves of losses, learning rate, gradient norm, speed, memory and all other metrics; warnings; answers of evaluations with their pictures; data,
    /// options, environment. It needs no other file, no network and no script. A run with an output directory writes it at its end; this writes it at any time, as while the run goes on.
    /// </summary>
    /// <param name="folder">The run's <see cref="VlmTrainingOptions.OutputDirectory"/>.</param>
    /// <param name="path">The page; null for <c>report.html</c> in the folder. Replaced only once it is complete.</param>
    /// <returns>Full path of the page.</returns>
    /// <exception cref="FileNotFoundException">The folder has no <c>run.jsonl</c>.</exception>
    /// <exception cref="InvalidDataException">No line of it starts a run.</exception>
#pragma warning disable CA1822 // Operations are found in one place: mlContext.Vlm().
    public string RunReport(string folder, string? path = null)
#pragma warning restore CA1822
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        string full = Path.GetFullPath(path ?? Path.Combine(folder, RunReportPage.FileName));
        HtmlPage.Save(full, RunReportPage.Write(folder));
        return full;
    }
}
