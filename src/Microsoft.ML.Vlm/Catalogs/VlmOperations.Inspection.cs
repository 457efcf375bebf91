using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Inspection;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <content>Looking at data before training.</content>
public sealed partial class VlmOperations
{
    /// <summary>
    /// Looks at training data the way training would, without loading the model's weights: structure of every row, images against their places, broken images,
    /// lengths, what is trained on, end of turn, repeated rows, images that the test data shares; of preferences the answers too: empty ones, equal ones, their lengths.
    /// </summary>
    /// <param name="data">The training data, with the image columns.</param>
    /// <param name="options">The options of the training.</param>
    /// <param name="testData">Data to test on, whose images are looked for in the training data; null for none.</param>
    /// <param name="measuredRows">Rows from the start whose images are decoded and whose tokens are counted; null, the default, for all. Of other rows the texts are looked at.</param>
    /// <param name="shownRows">Rows to preview (<see cref="VlmDataReport.Previews"/>), at least 0.</param>
    /// <returns>The report; nothing is thrown for what it lists, see <see cref="VlmDataReport.ThrowIfErrors"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, with the nearest name, or has the wrong type.</exception>
    /// <exception cref="InvalidDataException">The model folder's tokenizer, template or image processor is damaged.</exception>
    public VlmDataReport Inspect(IDataView data, VlmTrainingOptions options, IDataView? testData = null, long? measuredRows = null, int shownRows = 3)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(shownRows);
        options.Validate();
        IHost host = ((IHostEnvironment)_mlContext).Register(nameof(Inspect));
        IRunOutline outline = MemoryPlanner.OutlineOf(options);
        VlmColumns columns = outline.ReadColumns;
        columns.Check(host, data.Schema, training: true);
        if (testData is not null)
        {
            columns.Check(host, testData.Schema, training: false);
        }
        ModelFolder folder = ModelLocation.Open(options, host);
        VlmProcessor processor = VlmProcessor.Load(folder, options.Images);
        void CheckAlive() => MLNetHost.CheckAlive(host);
        OutlinedRows outlined;
        try
        {
            outlined = outline.Look(data, processor, CheckAlive);
        }
        catch (InvalidDataException error)
        {
            RowSurvey refused = new(processor, new TrainingRows(processor, LabelMasking.Answer, null, OverLongPolicy.Error), folder.Generation.EndTokenIds, 0);
            refused.Refuse(DataViewSweep.CountRows(data, CheckAlive), error.Message);
            return refused.Report();
        }
        TrainingRows rows = new(processor, outlined.Create, options.MaxLength, options.OverLong);
        return new DataInspector(columns, processor, rows, folder.Generation.EndTokenIds, CheckAlive) { Remarks = outlined.Remarks }.Inspect(data, testData, measuredRows, shownRows);
    }

    /// <summary>The first rows of data to be looked at, pictures beside texts and numbers: in a notebook as a table with the pictures, in a console as text.</summary>
    /// <param name="data">Data with images (of every type that models read) and texts. Behind a model its answers are shown too; <c>mlContext.Data.TakeRows</c> in front of the model keeps it from answering more rows than are shown.</param>
    /// <param name="rows">Most rows. At least 1.</param>
    /// <param name="columns">
    /// Columns of texts, numbers or truth values to show, in this order. Null, the default, for prompt or conversation, label, chosen, rejected, response and score under the names that
    /// <c>LoadVlm</c> and models give them; for all columns of texts and numbers where there are no such names.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or holds something else.</exception>
    /// <exception cref="InvalidDataException">An image cannot be decoded.</exception>
    /// <exception cref="InvalidOperationException">The data has no text column.</exception>
    public VlmGallery Gallery(IDataView data, int rows = 6, IReadOnlyList<string>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        IHost host = ((IHostEnvironment)_mlContext).Register(nameof(Gallery));
        return GalleryReader.Read(data, rows, columns, () => MLNetHost.CheckAlive(host));
    }

    /// <summary>Measures whether a model looks at its images: the loss on the right answers with the rows' own images, with blank ones and with those of other rows.</summary>
    /// <param name="model">The transformer; <c>chain.FindVlm()</c> gives that of a chain.</param>
    /// <param name="data">Rows with images and right answers, as the transformer reads them: behind the loading of images.</param>
    /// <param name="rows">Rows of different images that are compared, from the start of the data. At least 1; each costs three passes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidOperationException">There is no row with an image.</exception>
    public VlmImageDependence MeasureImageDependence(VlmTransformer model, IDataView data, int rows = 16)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(MeasureImageDependence));
        model.Columns.Check(((IHostEnvironment)_mlContext).Register(nameof(MeasureImageDependence)), data.Schema, training: true);
        List<VlmExample> examples = RowsWithImages.Take(data, model.Columns, rows, long.MaxValue, new HashSet<long>());
        VlmImageDependence found = model.Engine.MeasureImages(examples)
            ?? throw new InvalidOperationException("The data has no row with an image and an answer, so there is nothing to compare.");
        MLNetHost.Info(channel, found.ToString());
        if (found.Warning is { } warning)
        {
            MLNetHost.Warning(channel, warning);
        }
        return found;
    }
}
