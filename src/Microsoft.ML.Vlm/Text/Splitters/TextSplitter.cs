namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>A pre-tokenizer: divides text into the pieces that the model encodes one by one. Stateless, so safe for concurrent use.</summary>
internal abstract class TextSplitter
{
    /// <summary>Appends the parts of <paramref name="slice"/> (never empty) to <paramref name="output"/>, in order.</summary>
    public abstract void Split(TextSlice slice, List<TextSlice> output);
}
