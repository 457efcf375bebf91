using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Which tokens are trained on: pure functions over the characters that tokens cover.</summary>
internal static class LabelMask
{
    /// <summary>One flag a token.</summary>
    /// <param name="tokens">Tokens with the characters they cover.</param>
    /// <param name="masking">The choice.</param>
    /// <param name="written">
    /// Characters whose tokens are trained on under <see cref="LabelMasking.Answer"/> and <see cref="LabelMasking.Assistant"/>; a token counts when it touches one.
    /// </param>
    /// <param name="images">Characters that stand for images; a token counts when it touches one.</param>
    public static bool[] Of(
        IReadOnlyList<TokenSpan> tokens, LabelMasking masking, IReadOnlyList<(int Start, int End)> written, IReadOnlyList<(int Start, int End)> images)
        => [.. tokens.Select(token => masking switch
        {
            LabelMasking.TrlFullSequence => true,
            LabelMasking.FullSequence => !Touches(images, token),
            _ => Touches(written, token) && !Touches(images, token),
        })];

    private static bool Touches(IReadOnlyList<(int Start, int End)> ranges, TokenSpan token)
    {
        foreach ((int start, int end) in ranges)
        {
            if (token.Start < end && token.End > start)
            {
                return true;
            }
        }
        return false;
    }
}
