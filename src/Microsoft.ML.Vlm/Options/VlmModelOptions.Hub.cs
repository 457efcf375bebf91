namespace Microsoft.ML.Vlm;

public abstract partial class VlmModelOptions
{
    /// <summary>
    /// How the hub is reached when <see cref="ModelPath"/> or another path is the id of a repository, and when something is pushed. Null, the default, takes all from the
    /// environment.
    /// </summary>
    public HubOptions? Hub { get; set; }
}
