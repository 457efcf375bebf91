using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>
/// Bounds what one rendering may cost: templates come with checkpoints, from strangers. Every node that is evaluated, every element and every few characters
/// that are made cost a step.
/// </summary>
internal sealed class RenderBudget
{
    /// <summary>Steps of one rendering; a real template needs some thousands.</summary>
    public const long MaximumSteps = 20_000_000;

    /// <summary>Characters of one text.</summary>
    public const int MaximumText = 1 << 25;

    /// <summary>Evaluations that may be under way, one inside the other.</summary>
    public const int MaximumDepth = 500;

    private const int CharactersPerStep = 8;

    private long _steps;
    private int _depth;

    /// <summary>Counts an evaluation that other evaluations may run inside of; <see cref="Leave"/> ends it.</summary>
    public void Enter()
    {
        if (++_depth > MaximumDepth)
        {
            throw new TemplateException($"more than {MaximumDepth} evaluations are nested; does a macro call itself without end?", 0);
        }
        Step();
    }

    /// <summary>Ends the innermost evaluation.</summary>
    public void Leave() => _depth--;

    /// <summary>Counts work.</summary>
    public void Step(long count = 1)
    {
        _steps += count;
        if (_steps > MaximumSteps)
        {
            throw new TemplateException($"rendering takes more than {MaximumSteps:N0} steps.", 0);
        }
    }

    /// <summary>Counts the making of a text; called before it is made when it may be large.</summary>
    public void Text(long length)
    {
        Limit(length);
        Step(length / CharactersPerStep);
    }

    /// <summary>Checks the length of a text that grows, without counting it.</summary>
    public static void Limit(long length)
    {
        if (length > MaximumText)
        {
            throw new TemplateException($"a text is longer than {MaximumText:N0} characters.", 0);
        }
    }

    /// <summary>Called by functions that walk nested values: stops before the stack ends.</summary>
    public void Descend()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new TemplateException("values are nested too deeply.", 0);
        }
        Step();
    }
}
