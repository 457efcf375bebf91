using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>What an estimator checks before it trains: the data before the model is loaded, and whether the model looks at its images before the first step.</summary>
/// <param name="host">Gets the log.</param>
/// <param name="options">Options that have been validated.</param>
/// <param name="columns">The columns that are read.</param>
/// <param name="rows">How rows are prepared.</param>
internal sealed class Preflight(IHost host, VlmTrainingOptions options, VlmColumns columns, TrainingRows rows)
{
    private const long MeasuredRows = 64;

    /// <summary>Looks at the data; what is wrong stops, what is suspicious goes to the log.</summary>
    /// <param name="input">The data.</param>
    /// <param name="folder">The model.</param>
    /// <param name="processor">Its processor.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <returns>Rows to leave out. They can only be left out when it is known beforehand which: steps and schedule follow from their number.</returns>
    /// <exception cref="InvalidDataException">Rows cannot be used; lists them.</exception>
    public IReadOnlySet<long> LookAt(IDataView input, ModelFolder folder, VlmProcessor processor, Action checkAlive)
    {
        if (!options.Preflight && !rows.DropsRows)
        {
            return new HashSet<long>();
        }
        DataInspector inspector = new(columns, processor, rows, folder.Generation.EndTokenIds, checkAlive);
        VlmDataReport report = inspector.Inspect(input, testData: null, options.MaxLength is null ? MeasuredRows : null, shownRows: 0);
        if (options.Preflight)
        {
            report.ThrowIfErrors();
            using IChannel channel = host.Start("Preflight");
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

    /// <summary>Says what became of long rows, where <see cref="LookAt"/> was switched off and has not said it already.</summary>
    public void WarnOfLength()
    {
        if (!options.Preflight && rows.Describe() is { } changed)
        {
            using IChannel channel = host.Start("Preflight");
            MLNetHost.Warning(channel, changed);
        }
    }

    /// <summary>Rows for <see cref="CheckImages"/>.</summary>
    /// <param name="input">The data.</param>
    /// <param name="leftOut">Rows that are not trained on.</param>
    /// <param name="create">Prepares a row with its answer as target.</param>
    public IReadOnlyList<VlmSample> RowsToCheck(IDataView input, IReadOnlySet<long> leftOut, Func<VlmExample, VlmSample> create)
        => options.ImageCheckRows == 0 ? [] : [.. RowsWithImages.Take(input, columns, options.ImageCheckRows, MeasuredRows, leftOut).Select(create)];

    /// <summary>Measures whether the model looks at its images. One that learns from the texts alone has a falling loss too, so this is the only moment when it shows.</summary>
    /// <param name="model">The model before training.</param>
    /// <param name="checkedRows">Of <see cref="RowsToCheck"/>.</param>
    public void CheckImages(VisionLanguageModel model, IReadOnlyList<VlmSample> checkedRows)
    {
        if (ImageDependence.Measure(model, checkedRows, options.CancellationToken) is { } found)
        {
            using IChannel channel = host.Start("Images");
            MLNetHost.Info(channel, found.ToString());
            if (found.Warning is { } warning)
            {
                MLNetHost.Warning(channel, warning);
            }
        }
    }
}
