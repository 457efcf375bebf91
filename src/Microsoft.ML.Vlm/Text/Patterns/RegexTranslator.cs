using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>
/// Translates an expression of a tokenizer file (Oniguruma's Ruby syntax) to .NET's. What cannot be said in the same meaning is an error, not a guess.
/// </summary>
/// <remarks>
/// Possessive quantifiers become atomic groups; <c>^</c> and <c>$</c> stand at lines; case is ignored by listing both cases (with U+017F for s and U+212A for
/// k), not by .NET's table; capturing groups do not capture.
/// </remarks>
internal sealed class RegexTranslator(TokenizerNode node)
{
    private const int MaxLength = 16_384;

    private static readonly HashSet<string> s_categories =
    [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cn",
    ];

    // Groups of the same spelling and meaning in both syntaxes.
    private static readonly string[] s_sharedGroups = ["(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"];

    private readonly string _pattern = node.Text;
    private readonly StringBuilder _output = new();
    private readonly Stack<(int Start, bool IgnoresCase)> _groups = new();
    private int _position;
    private int _atom = -1; // Where the last thing that a quantifier can follow begins in the output.
    private bool _ignoresCase;

    /// <summary>The expression in .NET's syntax.</summary>
    /// <exception cref="InvalidDataException">The expression is malformed.</exception>
    /// <exception cref="NotSupportedException">The expression uses a construct without an exact counterpart.</exception>
    public string Translate()
    {
        if (_pattern.Length > MaxLength)
        {
            throw node.Invalid($"has {_pattern.Length} characters; the limit is {MaxLength}");
        }
        while (_position < _pattern.Length)
        {
            TranslateNext();
        }
        return _groups.Count == 0 ? _output.ToString() : throw node.Invalid("has a group that is not closed");
    }

    private void TranslateNext()
    {
        char next = _pattern[_position];
        switch (next)
        {
            case '(':
                OpenGroup();
                break;
            case ')':
                if (!_groups.TryPop(out (int Start, bool IgnoresCase) group))
                {
                    throw node.Invalid("closes a group that is not open");
                }
                _output.Append(')');
                (_atom, _ignoresCase) = group;
                _position++;
                break;
            case '*' or '+' or '?' or '{':
                TranslateQuantifier(next);
                break;
            case '|':
                _output.Append('|');
                _atom = -1;
                _position++;
                break;
            case '^' or '$':
                AppendAtom($"(?m:{next})");
                _position++;
                break;
            case '.':
                AppendAtom(".");
                _position++;
                break;
            case '[':
                _position++;
                AppendAtom(TranslateClass());
                break;
            case '\\' when _position + 1 < _pattern.Length && _pattern[_position + 1] is 'A' or 'z':
                AppendAtom(_pattern.Substring(_position, 2));
                _position += 2;
                break;
            default:
                RegexClassItem item = ReadItem();
                AppendAtom(item.IsSet ? item.Set! : $"[{item.ToClass(_ignoresCase, Unsupported)}]");
                break;
        }
    }

    private void OpenGroup()
    {
        int start = _output.Length;
        bool outer = _ignoresCase;
        string rest = _pattern[_position..];
        string? kept = s_sharedGroups.FirstOrDefault(prefix => rest.StartsWith(prefix, StringComparison.Ordinal));
        if (kept is not null)
        {
            _output.Append(kept);
            _position += kept.Length;
        }
        else if (rest.StartsWith("(?i:", StringComparison.Ordinal) || rest.StartsWith("(?-i:", StringComparison.Ordinal))
        {
            _ignoresCase = rest[2] == 'i';
            _output.Append("(?:");
            _position += rest.IndexOf(':', StringComparison.Ordinal) + 1;
        }
        else if (rest.StartsWith("(?i)", StringComparison.Ordinal) && _output.Length == 0)
        {
            // Elsewhere this would take the alternatives to its right into itself, which .NET does not do.
            _ignoresCase = true;
            _position += 4;
            return;
        }
        else if (rest.StartsWith("(?", StringComparison.Ordinal) || rest.StartsWith("(*", StringComparison.Ordinal))
        {
            throw Unsupported($"the group '{rest[..Math.Min(4, rest.Length)]}'");
        }
        else
        {
            _output.Append("(?:");
            _position++;
        }
        _groups.Push((start, outer));
        _atom = -1;
    }

    private void TranslateQuantifier(char first)
    {
        if (_atom < 0)
        {
            throw node.Invalid($"has the quantifier '{first}' with nothing before it");
        }
        string quantifier = first == '{' ? ReadCounts() : first.ToString();
        _position += quantifier.Length;
        char suffix = _position < _pattern.Length ? _pattern[_position] : '\0';
        if (first == '{' && (suffix == '+' || (suffix == '?' && !quantifier.Contains(',', StringComparison.Ordinal))))
        {
            throw Unsupported($"'{quantifier}{suffix}'");
        }
        _output.Append(quantifier);
        if (suffix == '?')
        {
            _output.Append('?');
            _position++;
        }
        else if (suffix == '+')
        {
            _output.Insert(_atom, "(?>").Append(')');
            _position++;
        }
        if (_position < _pattern.Length && _pattern[_position] is '*' or '+' or '?')
        {
            throw Unsupported("a quantifier after a quantifier");
        }
    }

    private string ReadCounts()
    {
        int end = _pattern.IndexOf('}', _position);
        string counts = end < 0 ? "" : _pattern[(_position + 1)..end];
        string[] numbers = counts.Split(',');
        bool isValid = numbers.Length is 1 or 2 && IsCount(numbers[0]) && (numbers.Length == 1 || numbers[1].Length == 0 || IsCount(numbers[1]));
        return isValid ? $"{{{counts}}}" : throw Unsupported("'{' that does not begin a count such as {1,3}");

        static bool IsCount(string text) => text.Length is > 0 and <= 5 && text.All(char.IsAsciiDigit);
    }

    private string TranslateClass()
    {
        StringBuilder output = new("[");
        if (_position < _pattern.Length && _pattern[_position] == '^')
        {
            output.Append('^');
            _position++;
        }
        int items = 0;
        while (true)
        {
            if (_position >= _pattern.Length)
            {
                throw node.Invalid("has a character class that is not closed");
            }
            if (_pattern[_position] == ']')
            {
                _position++;
                return items > 0 ? output.Append(']').ToString() : throw Unsupported("a character class that begins with ']'");
            }
            if (_pattern[_position] == '[' || _pattern.AsSpan(_position).StartsWith("&&"))
            {
                throw Unsupported("a character class within another, or '&&'");
            }
            RegexClassItem item = ReadItem();
            bool isRange = !item.IsSet && _position + 1 < _pattern.Length && _pattern[_position] == '-' && _pattern[_position + 1] != ']';
            if (isRange)
            {
                _position++;
                RegexClassItem last = ReadItem();
                item = !last.IsSet && last.Last >= item.First ? new RegexClassItem(item.First, last.Last, null) : throw node.Invalid("has a range that ends before it begins");
            }
            output.Append(item.ToClass(_ignoresCase, Unsupported));
            items++;
        }
    }

    /// <summary>Reads one character or one escape that stands for a set of them.</summary>
    private RegexClassItem ReadItem()
    {
        char next = _pattern[_position++];
        if (next != '\\')
        {
            return Character(next);
        }
        if (_position >= _pattern.Length)
        {
            throw node.Invalid("ends in a backslash");
        }
        char escape = _pattern[_position++];
        return escape switch
        {
            's' or 'S' or 'd' or 'D' => new RegexClassItem('\0', '\0', $"\\{escape}"),
            'p' or 'P' => ReadCategory(escape == 'P'),
            'n' => Character('\n'),
            'r' => Character('\r'),
            't' => Character('\t'),
            'f' => Character('\f'),
            'v' => Character('\v'),
            'x' => Character(ReadHex(_position < _pattern.Length && _pattern[_position] == '{' ? 0 : 2)),
            'u' => Character(ReadHex(4)),
            _ when !char.IsAsciiLetterOrDigit(escape) => Character(escape),
            _ => throw Unsupported($"'\\{escape}'"),
        };
    }

    private RegexClassItem ReadCategory(bool isNegated)
    {
        int end = _pattern.IndexOf('}', _position);
        if (end < 0 || _pattern[_position] != '{')
        {
            throw node.Invalid("has a property without braces");
        }
        string name = _pattern[(_position + 1)..end];
        _position = end + 1;
        if (name.StartsWith('^'))
        {
            isNegated = !isNegated;
            name = name[1..];
        }
        if (!s_categories.Contains(name) || (_ignoresCase && name is "Lu" or "Ll" or "Lt"))
        {
            throw Unsupported($"the property '{name}'{(_ignoresCase ? " where case is ignored" : "")}; general categories such as L, Lu and N are");
        }
        return new RegexClassItem('\0', '\0', $"\\{(isNegated ? 'P' : 'p')}{{{name}}}");
    }

    /// <summary>Reads a number of hexadecimal digits; 0: those in braces.</summary>
    private char ReadHex(int digits)
    {
        int start = digits == 0 ? _position + 1 : _position;
        int end = digits == 0 ? _pattern.IndexOf('}', _position) : _position + digits;
        if (end < start || end > _pattern.Length || !int.TryParse(_pattern.AsSpan(start, end - start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value))
        {
            throw node.Invalid("has an escape without its hexadecimal digits");
        }
        _position = digits == 0 ? end + 1 : end;
        return value is >= 0 and <= char.MaxValue ? (char)value : throw Unsupported("a character beyond U+FFFF");
    }

    private RegexClassItem Character(char value) => char.IsSurrogate(value) ? throw Unsupported("a character beyond U+FFFF") : new RegexClassItem(value, value, null);

    private void AppendAtom(string text)
    {
        _atom = _output.Length;
        _output.Append(text);
    }

    private NotSupportedException Unsupported(string what) => new($"Tokenizer '{node.File}': '{node.Key}' uses {what}, which is not supported in expressions.");
}
