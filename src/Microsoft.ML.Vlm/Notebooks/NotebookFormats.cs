namespace Microsoft.ML.Vlm.Notebooks;

/// <summary>The forms in which values are shown in notebooks; see <see cref="TypeFormatterSourceAttribute"/>.</summary>
internal sealed class NotebookFormats
{
    /// <summary>A piece of a page.</summary>
    public const string Html = "text/html";

    /// <summary>A drawing.</summary>
    public const string Svg = "image/svg+xml";

    /// <summary>What <see cref="object.ToString"/> gives.</summary>
    public const string Text = "text/plain";

    /// <summary>Called by .NET Interactive, which knows this method by its name.</summary>
#pragma warning disable CA1822 // It is looked for on an instance.
    public IEnumerable<object> CreateTypeFormatters() => [new NotebookFormatter(Html), new NotebookFormatter(Svg), new NotebookFormatter(Text)];
#pragma warning restore CA1822
}
