using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Text that is being rendered: of the template, or of a macro or block on its own.</summary>
internal sealed class RenderOutput(RenderBudget budget, bool isDocument)
{
    private readonly StringBuilder _text = new();

    /// <summary>True for the template's text, false for a macro's or block's.</summary>
    public bool IsDocument { get; } = isDocument;

    /// <summary>Characters so far.</summary>
    public int Length => _text.Length;

    /// <summary>Appends.</summary>
    public void Append(string text)
    {
        budget.Text(text.Length);
        RenderBudget.Limit((long)_text.Length + text.Length);
        _text.Append(text);
    }

    /// <summary>The text.</summary>
    public override string ToString() => _text.ToString();
}
