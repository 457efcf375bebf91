using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>How much a model's loss on answers depends on the images: the same rows with their images, with blank ones and with those of other rows.</summary>
/// <param name="RowCount">Rows with images that were compared.</param>
/// <param name="Loss">Mean loss of a trained token with the row's own images, in nats.</param>
/// <param name="BlankLoss">The same with images of one gray.</param>
/// <param name="ShuffledLoss">The same with the images of other rows; null when all images are equal.</param>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record VlmImageDependence(int RowCount, double Loss, double BlankLoss, double? ShuffledLoss)
{
    /// <summary>The part of the loss that has to move for images to count: far above rounding, far below what a model that looks shows.</summary>
    public const double LeastChange = 1e-3;

    /// <summary>Whether the loss moves at all when the images are exchanged. Where it does not, the model cannot see them: a column is wrong, or the images do not reach it.</summary>
    public bool Moves => Change(BlankLoss) > LeastChange || (ShuffledLoss is { } shuffled && Change(shuffled) > LeastChange);

    /// <summary>
    /// Whether the row's own images are of use: the loss is lower with them than with blank ones and with those of other rows. A base model need not have that on a
    /// new task; a trained model should.
    /// </summary>
    public bool Helps => Moves && Loss < BlankLoss && (ShuffledLoss is not { } shuffled || Loss < shuffled);

    /// <summary>Such as <c>loss on 4 rows: 1.2034 with their images, 2.5120 with blank ones, 2.3307 with those of other rows</c>.</summary>
    public override string ToString()
        => FormattableString.Invariant($"loss on {RowCount} rows: {Loss:F4} with their images, {BlankLoss:F4} with blank ones")
            + (ShuffledLoss is { } shuffled ? FormattableString.Invariant($", {shuffled:F4} with those of other rows") : "");

    /// <summary>What to warn of when <see cref="Moves"/> is false, in a few sentences; null otherwise.</summary>
    public string? Warning => Moves ? null
        : $"THE LOSS DOES NOT DEPEND ON THE IMAGES: {this}. Training would learn from the texts alone. Look at the rows with mlContext.Vlm().Inspect: is the image column the right one, "
            + "do the images differ, do the answers follow from them?";

    private double Change(double other) => Math.Abs(other - Loss) / Math.Max(Math.Abs(Loss), double.Epsilon);
}
