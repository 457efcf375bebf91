using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>
/// Splits a template into text and tags with Jinja's rules for white space under <c>trim_blocks</c> and <c>lstrip_blocks</c>, the setting under which chat
/// templates are rendered: the first line break after a block or comment goes, and so does the indentation before it; <c>-</c> takes all white space on its
/// side, <c>+</c> leaves it as it is.
/// </summary>
internal sealed partial class TemplateLexer
{
    /// <summary>Longest template in characters; published ones stay below 30,000.</summary>
    public const int MaximumSource = 1 << 20;

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private bool _atLineStart = true;

    private TemplateLexer(string source) => _source = source;

    /// <summary>Reads a template.</summary>
    /// <returns>The tokens; the last is <see cref="TokenKind.End"/>.</returns>
    /// <exception cref="TemplateException">A tag, comment or string that does not end, or a character that is no token.</exception>
    public static List<Token> Read(string source)
    {
        if (source.Length > MaximumSource)
        {
            throw new TemplateException($"it has {source.Length:N0} characters, more than {MaximumSource:N0}.", 0);
        }
        string normalized = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (normalized.EndsWith('\n'))
        {
            normalized = normalized[..^1];
        }
        var lexer = new TemplateLexer(normalized);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_position < _source.Length)
        {
            int open = FindTag();
            if (open < 0)
            {
                Add(TokenKind.Data, _source[_position..]);
                break;
            }
            char kind = _source[open + 1];
            char sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : '\0';
            AddText(_source[_position..open], sign, isPrint: kind == '{');
            CountLines(_position, open);
            _position = open;
            int inside = open + (sign == '\0' ? 2 : 3);
            switch (kind)
            {
                case '#':
                    SkipComment(inside);
                    break;
                case '%' when RawBegin().Match(_source, open) is { Success: true } raw:
                    ReadRaw(raw);
                    break;
                default:
                    ReadTag(kind, inside);
                    break;
            }
        }
        _tokens.Add(new Token(TokenKind.End, "", _line));
    }

    private int FindTag()
    {
        for (int index = _source.IndexOf('{', _position); index >= 0 && index + 1 < _source.Length; index = _source.IndexOf('{', index + 1))
        {
            if (_source[index + 1] is '{' or '%' or '#')
            {
                return index;
            }
        }
        return -1;
    }

    private void AddText(string text, char sign, bool isPrint)
    {
        if (sign == '-')
        {
            text = CodePoints.Strip(text, null, start: false, end: true);
        }
        else if (sign != '+' && !isPrint)
        {
            int lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || _atLineStart) && text.AsSpan(lineStart).IsWhiteSpace())
            {
                text = text[..lineStart];
            }
        }
        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void SkipComment(int inside)
    {
        int close = _source.IndexOf("#}", inside, StringComparison.Ordinal);
        if (close < 0)
        {
            throw new TemplateException("a comment '{#' does not end.", _line);
        }
        char sign = close > inside && _source[close - 1] is '-' or '+' ? _source[close - 1] : '\0';
        EndTag(close + 2, sign, trimsLine: true);
    }

    private void ReadRaw(Match begin)
    {
        Match end = RawEnd().Match(_source, begin.Index + begin.Length);
        if (!end.Success)
        {
            throw new TemplateException("'{% raw %}' does not end.", _line);
        }
        // Only what the signs ask for is cut here, and the indentation before the end, as before every block.
        string text = _source[(begin.Index + begin.Length)..end.Index];
        CountLines(_position, begin.Index + begin.Length);
        _position = begin.Index + begin.Length;
        _atLineStart = false;
        AddText(text, end.Groups["open"].Value is [char open] ? open : '\0', isPrint: false);
        EndTag(end.Index + end.Length, end.Groups["close"].Value is [char close] ? close : '\0', trimsLine: true);
    }

    private void ReadTag(char kind, int inside)
    {
        Add(kind == '{' ? TokenKind.PrintBegin : TokenKind.BlockBegin, _source[_position..inside]);
        var expression = new ExpressionLexer(_source, inside, _line, kind == '{' ? "}}" : "%}", _tokens);
        (int end, char sign) = expression.Read();
        EndTag(end, sign, trimsLine: kind != '{');
    }

    // Moves behind a tag that ends at the position, and behind the white space that goes with it.
    private void EndTag(int end, char sign, bool trimsLine)
    {
        int next = end;
        if (sign == '-')
        {
            while (next < _source.Length && CodePoints.IsSpace(_source[next]))
            {
                next++;
            }
        }
        else if (trimsLine && sign != '+' && next < _source.Length && _source[next] == '\n')
        {
            next++;
        }
        CountLines(_position, next);
        _position = next;
        _atLineStart = _source[next - 1] == '\n';
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private void CountLines(int from, int to) => _line += _source.AsSpan(from, to - from).Count('\n');

    [GeneratedRegex(@"\G\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})")]
    private static partial Regex RawBegin();

    [GeneratedRegex(@"\{%(?<open>[-+]?)\s*endraw\s*(?<close>[-+]?)%\}")]
    private static partial Regex RawEnd();
}
