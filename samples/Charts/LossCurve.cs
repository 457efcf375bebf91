using System.Globalization;

namespace Charts;

/// <summary>Draws the loss over the steps as a picture inside a page (SVG).</summary>
internal static class LossCurve
{
    private const int Width = 720;
    private const int Height = 220;
    private const int Margin = 40;

    /// <summary>Draws.</summary>
    /// <param name="losses">Step and loss, in order of the steps.</param>
    public static string Draw(IReadOnlyList<LossPoint> losses)
    {
        if (losses.Count == 0)
        {
            return "";
        }
        double top = losses.Max(point => point.Loss);
        int last = losses[^1].Step;
        double X(int step) => Margin + ((Width - (2.0 * Margin)) * step / last);
        double Y(double loss) => Height - Margin - ((Height - (2.0 * Margin)) * loss / (top > 0 ? top : 1));
        string points = string.Join(' ', losses.Select(point => Invariant($"{X(point.Step):0.#},{Y(point.Loss):0.#}")));
        return Invariant($"""
            <svg viewBox="0 0 {Width} {Height}" role="img" aria-label="Loss over the steps">
            <path d="M{Margin} {Margin}V{Height - Margin}H{Width - Margin}" fill="none" stroke="#888"/>
            <polyline points="{points}" fill="none" stroke="#2050d0" stroke-width="2"/>
            <text x="{Margin - 6}" y="{Margin + 4}" text-anchor="end">{top:0.0}</text>
            <text x="{Margin - 6}" y="{Height - Margin}" text-anchor="end">0</text>
            <text x="{Width - Margin}" y="{Height - Margin + 18}" text-anchor="end">step {last}</text>
            </svg>
            """);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
