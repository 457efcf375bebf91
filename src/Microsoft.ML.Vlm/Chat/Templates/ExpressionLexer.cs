using System.Globalization;
using System.Numerics;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Splits the inside of a tag into tokens.</summary>
/// <param name="source">The template.</param>
/// <param name="start">First character of the inside.</param>
/// <param name="line">Line of that character.</param>
/// <param name="close"><c>}}</c> or <c>%}</c>.</param>
/// <param name="tokens">Where the tokens go.</param>
internal sealed class ExpressionLexer(string source, int start, int line, string close, List<Token> tokens)
{
    private static readonly string[] s_operators =
    [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", "<", ">", "=", ".", ":", "|", ",",
    ];

    private readonly Stack<char> _open = [];
    private int _position = start;
    private int _line = line;

    /// <summary>Reads up to the end of the tag.</summary>
    /// <returns>Where the tag ends, and the sign (<c>-</c> or <c>+</c>) before its end, or 0.</returns>
    public (int End, char Sign) Read()
    {
        while (true)
        {
            SkipSpace();
            if (_position >= source.Length)
            {
                throw new TemplateException($"a tag does not end with '{close}'.", _line);
            }
            // Inside brackets the characters belong to the expression: {{ {'a': {}} }}.
            if (_open.Count == 0 && TagEnd() is { } end)
            {
                tokens.Add(new Token(TokenKind.TagEnd, close, _line));
                return end;
            }
            char character = source[_position];
            if (char.IsAsciiDigit(character))
            {
                ReadNumber();
            }
            else if (char.IsLetter(character) || character == '_')
            {
                int from = _position;
                while (_position < source.Length && (char.IsLetterOrDigit(source[_position]) || source[_position] == '_'))
                {
                    _position++;
                }
                tokens.Add(new Token(TokenKind.Name, source[from.._position], _line));
            }
            else if (character is '"' or '\'')
            {
                ReadString(character);
            }
            else
            {
                ReadOperator();
            }
        }
    }

    private (int End, char Sign)? TagEnd()
    {
        if (string.CompareOrdinal(source, _position, close, 0, 2) == 0)
        {
            return (_position + 2, '\0');
        }
        char sign = source[_position];
        bool isSign = sign == '-' || (sign == '+' && close == "%}");
        return isSign && string.CompareOrdinal(source, _position + 1, close, 0, 2) == 0 ? (_position + 3, sign) : null;
    }

    private void SkipSpace()
    {
        while (_position < source.Length && CodePoints.IsSpace(source[_position]))
        {
            _line += source[_position++] == '\n' ? 1 : 0;
        }
    }

    private void ReadOperator()
    {
        string? found = Array.Find(s_operators, text => string.CompareOrdinal(source, _position, text, 0, text.Length) == 0);
        switch (found)
        {
            case null:
                throw new TemplateException($"'{source[_position]}' has no meaning in a tag.", _line);
            case "(" or "[" or "{":
                _open.Push(found[0] == '(' ? ')' : found[0] == '[' ? ']' : '}');
                break;
            case ")" or "]" or "}" when !_open.TryPop(out char expected) || expected != found[0]:
                throw new TemplateException($"'{found}' closes no bracket.", _line);
        }
        tokens.Add(new Token(TokenKind.Operator, found, _line));
        _position += found.Length;
    }

    private void ReadNumber()
    {
        int from = _position;
        if (source[from] == '0' && from + 1 < source.Length && char.ToLowerInvariant(source[from + 1]) is 'x' or 'b' or 'o')
        {
            throw new TemplateException("numbers are written in decimal.", _line);
        }
        SkipDigits();
        bool isReal = false;
        // After a dot digits are an element (a.0.1), not the fraction of a number.
        bool isElement = tokens.Count > 0 && tokens[^1].IsOperator(".");
        if (!isElement && IsDigitAt(1) && source[_position] == '.')
        {
            isReal = true;
            _position++;
            SkipDigits();
        }
        if (!isElement && _position < source.Length && source[_position] is 'e' or 'E'
            && (IsDigitAt(1) || (_position + 1 < source.Length && source[_position + 1] is '+' or '-' && IsDigitAt(2))))
        {
            isReal = true;
            _position += 2;
            SkipDigits();
        }
        string text = source[from.._position];
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        object value = isReal ? (object)double.Parse(digits, CultureInfo.InvariantCulture)
            : long.TryParse(digits, CultureInfo.InvariantCulture, out long number) ? number
            : throw new TemplateException($"the integer {text} is larger than 64 bits.", _line);
        tokens.Add(new Token(TokenKind.Number, text, _line, value));
    }

    private bool IsDigitAt(int offset) => _position + offset < source.Length && char.IsAsciiDigit(source[_position + offset]);

    private void SkipDigits()
    {
        while (_position < source.Length && (char.IsAsciiDigit(source[_position]) || (source[_position] == '_' && IsDigitAt(1))))
        {
            _position++;
        }
    }

    private void ReadString(char quote)
    {
        int line = _line;
        var text = new StringBuilder();
        for (_position++; ; _position++)
        {
            if (_position >= source.Length)
            {
                throw new TemplateException("a string does not end.", line);
            }
            char character = source[_position];
            _line += character == '\n' ? 1 : 0;
            if (character == quote)
            {
                _position++;
                tokens.Add(new Token(TokenKind.String, text.ToString(), line));
                return;
            }
            if (character == '\\')
            {
                ReadEscape(text);
            }
            else
            {
                text.Append(character);
            }
        }
    }

    // Leaves the position on the last character of the escape.
    private void ReadEscape(StringBuilder text)
    {
        _position++;
        char character = _position < source.Length ? source[_position] : '\0';
        switch (character)
        {
            case '\\' or '\'' or '"':
                text.Append(character);
                break;
            case '\n':
                _line++;
                break;
            case 'x' or 'u' or 'U':
                int digits = character == 'x' ? 2 : character == 'u' ? 4 : 8;
                string hexadecimal = source.Substring(_position + 1, Math.Min(digits, source.Length - _position - 1));
                if (hexadecimal.Length < digits || !hexadecimal.All(char.IsAsciiHexDigit)
                    || BigInteger.Parse("0" + hexadecimal, NumberStyles.HexNumber, CultureInfo.InvariantCulture) > 0x10ffff)
                {
                    throw new TemplateException($"a string has an incomplete escape '\\{character}'.", _line);
                }
                int code = int.Parse(hexadecimal, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                text.Append(code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code));
                _position += digits;
                break;
            case >= '0' and <= '7':
                int value = 0;
                int last = Math.Min(_position + 3, source.Length);
                for (; _position < last && source[_position] is >= '0' and <= '7'; _position++)
                {
                    value = (value * 8) + source[_position] - '0';
                }
                _position--;
                text.Append((char)value);
                break;
            default:
                int known = "nrtabfv".IndexOf(character, StringComparison.Ordinal);
                text.Append(known >= 0 ? "\n\r\t\a\b\f\v"[known].ToString() : "\\" + character);
                break;
        }
    }
}
