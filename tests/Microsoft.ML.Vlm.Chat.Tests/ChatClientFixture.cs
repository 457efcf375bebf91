using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Tests.Images;

namespace Microsoft.ML.Vlm.Chat.Tests;

/// <summary>The tiny model, loaded once for a class of tests; its random weights never end an answer by themselves.</summary>
public sealed class ChatClientFixture : IDisposable
{
    /// <summary>A red picture of 16 x 16 pixels.</summary>
    public static byte[] Picture { get; } = ImageFiles.Png(16, 16, 8, 2, [.. Enumerable.Repeat(new byte[] { 200, 30, 10 }, 256).SelectMany(pixel => pixel)]);

    /// <summary>A client of the model.</summary>
    public VlmChatClient Client { get; } = new MLContext(seed: 1).Vlm().ChatClient(TinyVlm.Folder);

    /// <summary>The model behind it.</summary>
    public VlmTransformer Transformer => (VlmTransformer)Client.GetService(typeof(VlmTransformer))!;

    public void Dispose() => Client.Dispose();
}
