using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>What a kind of training does with rows and memory, for what looks at a run before it begins. The options of every estimator are one.</summary>
internal interface IRunOutline
{
    /// <summary>Copies of a chunk of logits that the loss holds at once, in float32.</summary>
    int LogitsCopies { get; }

    /// <summary>The columns that are read.</summary>
    VlmColumns ReadColumns { get; }

    /// <summary>Looks through the texts of data, and says how its rows are prepared.</summary>
    /// <param name="data">The data; its columns have been checked.</param>
    /// <param name="processor">Of the model.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <exception cref="InvalidDataException">The data is of no use as a whole; says why.</exception>
    OutlinedRows Look(IDataView data, VlmProcessor processor, Action checkAlive);

    /// <summary>Bytes of what the model is compared with while it trains; 0 for nothing.</summary>
    /// <param name="sizes">Of the model that trains.</param>
    long ReferenceBytes(ReferenceSizes sizes);
}
