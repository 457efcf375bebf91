using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's <c>"...".format(...)</c> with the fields <c>{}</c>, <c>{0}</c> and <c>{name}</c>; attributes and format codes are refused.</summary>
internal static class BraceFormat
{
    /// <summary>Fills the fields.</summary>
    /// <exception cref="TemplateException">A field without a value, or one of another form.</exception>
    public static string Apply(string format, CallArguments arguments)
    {
        var text = new StringBuilder();
        int automatic = 0;
        for (int index = 0; index < format.Length; index++)
        {
            char character = format[index];
            bool isDoubled = index + 1 < format.Length && format[index + 1] == character;
            if (character is not ('{' or '}') || isDoubled)
            {
                text.Append(character);
                index += character is '{' or '}' ? 1 : 0;
                continue;
            }
            int end = character == '{' ? format.IndexOf('}', index) : -1;
            if (end < 0)
            {
                throw new TemplateException("a format has a single brace.", 0);
            }
            string field = format[(index + 1)..end];
            text.Append(PythonText.Str(Value(field.Length > 0 ? field : (automatic++).ToString(CultureInfo.InvariantCulture), arguments), arguments.Budget));
            arguments.Budget.Text(text.Length);
            index = end;
        }
        return text.ToString();
    }

    private static object? Value(string field, CallArguments arguments)
    {
        if (int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out int place) && place < arguments.Positional.Count)
        {
            return arguments.Positional[place];
        }
        return arguments.Named.TryGetValue(field, out object? value)
            ? value
            : throw new TemplateException($"a format has no value for '{{{field}}}'; only plain fields are supported.", 0);
    }
}
