namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>Where <see cref="MetaspaceSplitter"/> puts a leading mark.</summary>
internal enum PrependScheme
{
    /// <summary>Nowhere.</summary>
    Never,

    /// <summary>Before the first piece of the text only.</summary>
    First,

    /// <summary>Before every piece between added tokens.</summary>
    Always,
}
