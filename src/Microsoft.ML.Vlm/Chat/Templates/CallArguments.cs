namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Arguments of a call, evaluated.</summary>
/// <param name="Budget">Limits of the rendering.</param>
/// <param name="Positional">Arguments by place; for filters and tests the value comes first.</param>
/// <param name="Named">Arguments by keyword.</param>
internal sealed record CallArguments(RenderBudget Budget, IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>Puts arguments to parameters, as Python does.</summary>
    /// <param name="function">Shown in errors.</param>
    /// <param name="required">How many of the parameters must be given.</param>
    /// <param name="parameters">Names in order.</param>
    /// <exception cref="TemplateException">Too many, too few or unknown arguments.</exception>
    public BoundArguments Bind(string function, int required, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
        {
            throw new TemplateException($"'{function}' takes at most {parameters.Length} arguments, not {Positional.Count}.", 0);
        }
        var given = new bool[parameters.Length];
        var values = new object?[parameters.Length];
        for (int index = 0; index < Positional.Count; index++)
        {
            (given[index], values[index]) = (true, Positional[index]);
        }
        foreach ((string name, object? value) in Named)
        {
            int index = parameters.IndexOf(name);
            if (index < 0 || given[index])
            {
                throw new TemplateException($"'{function}' has no free parameter '{name}'.", 0);
            }
            (given[index], values[index]) = (true, value);
        }
        int missing = Array.IndexOf(given, false);
        if (missing >= 0 && missing < required)
        {
            throw new TemplateException($"'{function}' needs the argument '{parameters[missing]}'.", 0);
        }
        return new BoundArguments(function, values, given);
    }
}
