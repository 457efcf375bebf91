namespace Microsoft.ML.Vlm;

/// <content>Options of long rows and of the checks before training.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Most tokens of a row, those of images and the answer (of a pair the longer one) included (<c>max_length</c>). At least 1; null, the default, is no limit. TRL's default is 1024,
    /// and its cut goes through images.
    /// </summary>
    public int? MaxLength { get; set; }

    /// <summary>What happens to longer rows. Rows that it changed are counted and listed in <c>MLContext.Log</c>. Default <see cref="OverLongPolicy.Error"/>.</summary>
    public OverLongPolicy OverLong { get; set; } = OverLongPolicy.Error;

    /// <summary>
    /// Whether the data is looked at before the model is loaded: the texts of all rows, and the images and tokens of the first 64, or of all when
    /// <see cref="MaxLength"/> is given. Errors stop the run with the rows listed, warnings go to <c>MLContext.Log</c>; see <c>mlContext.Vlm().Inspect</c>. Default true.
    /// </summary>
    public bool Preflight { get; set; } = true;

    /// <summary>
    /// Rows of different images, among the first 64, on which the loss is measured before the first step with their images, with blank ones and with those of
    /// other rows; a warning in <c>MLContext.Log</c> says when it does not move. Each costs three forward passes. At least 0, which measures nothing; default 4.
    /// </summary>
    public int ImageCheckRows { get; set; } = 4;

    private void ValidateData()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxLength ?? 1, 1, nameof(MaxLength));
        ArgumentOutOfRangeException.ThrowIfNegative(ImageCheckRows);
        if (!Enum.IsDefined(OverLong))
        {
            throw new ArgumentOutOfRangeException(nameof(OverLong), OverLong, "Not a policy of this library.");
        }
    }
}
