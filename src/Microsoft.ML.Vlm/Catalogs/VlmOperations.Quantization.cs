using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Inspection;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <content>Looking at quantization before training.</content>
public sealed partial class VlmOperations
{
    /// <summary>
    /// Measures on one's own rows what quantization changes in each layer, before anything is trained: the unquantized model reads the rows, and beside it each layer is quantized and
    /// applied to the same inputs. Takes the memory of the checkpoint and one layer; the time of a forward pass and of quantizing the model.
    /// </summary>
    /// <param name="data">Rows as the training reads them, with the image columns.</param>
    /// <param name="options">The options of the training; <see cref="VlmModelOptions.Quantization"/> says how layers are quantized, null for <see cref="QuantOptions.Nf4"/>.</param>
    /// <param name="rows">Rows that are measured, from the start of the data. At least 1; default 8.</param>
    /// <returns>The layers, the worst first; <see cref="VlmQuantizationReport.KeepWorst"/> gives options that keep some of them in 16 bits.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, with the nearest name, or has the wrong type.</exception>
    /// <exception cref="ArgumentException">The options leave no layer to quantize, or name one that is not there.</exception>
    /// <exception cref="InvalidDataException">The data has no rows, a row is damaged, or the checkpoint is quantized already.</exception>
    public VlmQuantizationReport MeasureQuantization(IDataView data, VlmSftEstimator.Options options, int rows = 8)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        options.Validate();
        NativeLibraryLoader.EnsureLoaded();
        IHost host = ((IHostEnvironment)_mlContext).Register(nameof(MeasureQuantization));
        VlmColumns columns = VlmTransformerSettings.From(options).Columns;
        columns.Check(host, data.Schema, training: true);
        ModelFolder folder = ModelLocation.Open(options, host);
        VlmProcessor processor = VlmProcessor.Load(folder, options.Images);
        void checkAlive() => MLNetHost.CheckAlive(host);
        List<VlmSample> samples = [];
        using (DataViewSweep sweep = new(data, columns, DataViewSweep.CountRows(data, checkAlive), checkAlive))
        {
            while (samples.Count < rows && sweep.MoveNext())
            {
                samples.Add(processor.CreateTraining(sweep.Read()(), options.Masking));
            }
        }
        if (samples.Count == 0)
        {
            throw new InvalidDataException("The data has no rows, so there is nothing to measure quantization on.");
        }
        using VisionLanguageModel model = ModelLoader.Load(folder, ScalarType.Float32);
        if (model.Weights.Values.FirstOrDefault(weight => weight.Quantized is not null) is { } quantized)
        {
            throw new InvalidDataException($"The checkpoint in '{folder.Path}' is quantized already ('{quantized.Name}' holds codes); what that changed can only be measured on the original.");
        }
        VlmQuantizationReport report = new QuantizationSurvey(model, options.Quantization ?? QuantOptions.Nf4).Run(samples, checkAlive);
        using IChannel channel = host.Start(nameof(MeasureQuantization));
        MLNetHost.Info(channel, report.ToString());
        return report;
    }
}
