namespace Microsoft.ML.Vlm;

/// <content>Chat.</content>
public sealed partial class VlmTransformer
{
    /// <summary>This transformer as a chat client of <c>Microsoft.Extensions.AI</c>, for any number of threads.</summary>
    /// <param name="options">Defaults of answers, name, how many at a time; null for the defaults.</param>
    /// <returns>A client; the transformer stays its owner's and has to live as long as it is used.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public VlmChatClient AsIChatClient(VlmChatOptions? options = null) => new(this, options ?? new VlmChatOptions(), ownsTransformer: false);
}
