using System.Globalization;
using System.Numerics;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>
/// The <c>tojson</c> filter of transformers, not Jinja's own: Python's <c>json.dumps</c> with <c>ensure_ascii=False</c>, ", " and ": " between elements, keys
/// in their order and no escaping for HTML.
/// </summary>
internal static class JsonText
{
    /// <summary>Writes a value.</summary>
    /// <param name="value">Strings, numbers, booleans, None, sequences with a length and dictionaries.</param>
    /// <param name="indent">What one level is indented by, or null for one line.</param>
    /// <param name="separators">Between elements and between key and value; null for the defaults.</param>
    /// <param name="sortKeys">Whether keys are sorted.</param>
    /// <param name="ensureAscii">Whether other than ASCII characters are escaped.</param>
    /// <param name="budget">Limits of the rendering.</param>
    public static string Write(object? value, string? indent, (string Item, string Key)? separators, bool sortKeys, bool ensureAscii, RenderBudget budget)
    {
        var writer = new Writer(new StringBuilder(), indent, separators ?? (indent is null ? ", " : ",", ": "), sortKeys, ensureAscii, budget);
        writer.Append(value, 0);
        return writer.Text.ToString();
    }

    private sealed record Writer(
        StringBuilder Text, string? Indent, (string Item, string Key) Separators, bool SortKeys, bool EnsureAscii, RenderBudget Budget)
    {
        public void Append(object? value, int level)
        {
            Budget.Descend();
            switch (value)
            {
                case string content:
                    AppendString(content);
                    break;
                case TemplateSequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence:
                    AppendAll('[', ']', sequence.Items, level, item => Append(item, level + 1));
                    break;
                case TemplateDictionary dictionary:
                    IEnumerable<KeyValuePair<object?, object?>> entries = SortKeys
                        ? dictionary.Order(Comparer<KeyValuePair<object?, object?>>.Create((a, b) => TemplateValue.Compare(a.Key, b.Key, Budget)))
                        : dictionary;
                    AppendAll('{', '}', [.. entries], level, entry =>
                    {
                        AppendString(KeyText(entry.Key));
                        Text.Append(Separators.Key);
                        Append(entry.Value, level + 1);
                    });
                    break;
                default:
                    Text.Append(Scalar(value));
                    break;
            }
            Budget.Text(Text.Length);
        }

        private void AppendAll<T>(char open, char close, List<T> items, int level, Action<T> append)
        {
            Text.Append(open);
            for (int index = 0; index < items.Count; index++)
            {
                Text.Append(index > 0 ? Separators.Item : "");
                AppendLine(level + 1);
                append(items[index]);
            }
            if (items.Count > 0)
            {
                AppendLine(level);
            }
            Text.Append(close);
        }

        private void AppendLine(int level)
        {
            if (Indent is null)
            {
                return;
            }
            Text.Append('\n');
            for (int count = 0; count < level; count++)
            {
                Text.Append(Indent);
            }
        }

        private void AppendString(string content)
        {
            Text.Append('"');
            foreach (char character in content)
            {
                switch (character)
                {
                    case '"':
                        Text.Append("\\\"");
                        break;
                    case '\\':
                        Text.Append("\\\\");
                        break;
                    case '\n':
                        Text.Append("\\n");
                        break;
                    case '\r':
                        Text.Append("\\r");
                        break;
                    case '\t':
                        Text.Append("\\t");
                        break;
                    case '\b':
                        Text.Append("\\b");
                        break;
                    case '\f':
                        Text.Append("\\f");
                        break;
                    case < ' ':
                    case > '~' when EnsureAscii:
                        Text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
                        break;
                    default:
                        Text.Append(character);
                        break;
                }
            }
            Text.Append('"');
        }

        private static string KeyText(object? key) => key as string ?? Scalar(key);

        private static string Scalar(object? value) => value switch
        {
            null => "null",
            bool flag => flag ? "true" : "false",
            long number => number.ToString(CultureInfo.InvariantCulture),
            BigInteger number => number.ToString(CultureInfo.InvariantCulture),
            double number when double.IsNaN(number) => "NaN",
            double number when double.IsInfinity(number) => number > 0 ? "Infinity" : "-Infinity",
            double number => PythonText.Number(number),
            _ => throw new TemplateException($"a {TemplateValue.TypeName(value)} cannot be written as JSON.", 0),
        };
    }
}
