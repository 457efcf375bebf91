using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

public sealed partial class VlmSftEstimator
{
    public sealed partial class Options : IRunOutline
    {
        // The logits, exponentials, products and gradient.
        int IRunOutline.LogitsCopies => 4;

        VlmColumns IRunOutline.ReadColumns => VlmTransformerSettings.From(this).Columns;

        OutlinedRows IRunOutline.Look(IDataView data, VlmProcessor processor, Action checkAlive)
            => new((example, images, withSamples) => processor.CreateTraining(example, Masking, images, withSamples), []);

        long IRunOutline.ReferenceBytes(ReferenceSizes sizes) => 0;
    }
}
