namespace Microsoft.ML.Vlm;

/// <summary>Where <see cref="VlmTrainingOptions.ReportTo"/> sends the numbers of a run. All are local: nothing leaves the machine.</summary>
[Flags]
public enum TrackerKind
{
    /// <summary>Nowhere but <c>MLContext.Log</c>, the callbacks and the run folder (<c>none</c>).</summary>
    None = 0,

    /// <summary>
    /// The inbox of trackio (<c>trackio</c>), which its dashboard imports: <c>$TRACKIO_DIR/inbox</c>, by default <c>$HF_HOME/trackio/inbox</c>; pictures go into
    /// <c>$TRACKIO_DIR/media</c>.
    /// </summary>
    Trackio = 1,

    /// <summary>
    /// An event file of TensorBoard (<c>tensorboard</c>) in <c>$TENSORBOARD_LOGGING_DIR</c>, by default <c>runs</c> in the run's output directory, or else in the current
    /// directory; each run in a folder of its name.
    /// </summary>
    TensorBoard = 2,

    /// <summary>The console: a line with a bar that is drawn anew, or a plain line a report when the output goes into a file.</summary>
    Console = 4,

    /// <summary>All of these (<c>all</c>).</summary>
    All = Trackio | TensorBoard | Console,
}
