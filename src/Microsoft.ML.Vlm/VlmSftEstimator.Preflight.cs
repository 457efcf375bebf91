using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <content>What is checked before the model is loaded.</content>
public sealed partial class VlmSftEstimator
{
    private const long MeasuredRows = 64;

    // Rows can only be left out when it is known beforehand which: steps and schedule follow from their number.
    private IReadOnlySet<long> LookAt(IDataView input, ModelFolder folder, VlmProcessor processor, TrainingRows rows, Action checkAlive)
    {
        if (!_options.Preflight && !rows.DropsRows)
        {
            return new HashSet<long>();
        }
        DataInspector inspector = new(_settings.Columns, processor, rows, folder.Generation.EndTokenIds, checkAlive);
        VlmDataReport report = inspector.Inspect(input, testData: null, _options.MaxLength is null ? MeasuredRows : null, shownRows: 0);
        if (_options.Preflight)
        {
            report.ThrowIfErrors();
            using IChannel channel = _host.Start("Preflight");
            foreach (string line in report.ToString().Split('\n').Take(report.Lengths is null ? 1 : 2))
            {
                MLNetHost.Info(channel, line);
            }
            foreach (VlmDataIssue issue in report.Issues)
            {
                MLNetHost.Warning(channel, issue.ToString());
            }
        }
        return inspector.LeftOut;
    }

    // The preflight has said it already, unless it was switched off.
    private void WarnOfLength(TrainingRows rows)
    {
        if (!_options.Preflight && rows.Describe() is { } changed)
        {
            using IChannel channel = _host.Start("Preflight");
            MLNetHost.Warning(channel, changed);
        }
    }

    private IReadOnlyList<VlmSample> RowsToCheck(IDataView input, TrainingRows rows, IReadOnlySet<long> leftOut) => _options.ImageCheckRows == 0 ? []
        : [.. RowsWithImages.Take(input, _settings.Columns, _options.ImageCheckRows, MeasuredRows, leftOut).Select(example => rows.Create(example))];

    // A model that learns from the texts alone has a falling loss too, so this is the only moment when it shows.
    private void CheckImages(VisionLanguageModel model, IReadOnlyList<VlmSample> rows)
    {
        if (ImageDependence.Measure(model, rows, _options.CancellationToken) is { } found)
        {
            using IChannel channel = _host.Start("Images");
            MLNetHost.Info(channel, found.ToString());
            if (found.Warning is { } warning)
            {
                MLNetHost.Warning(channel, warning);
            }
        }
    }
}
