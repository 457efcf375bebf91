using System.Buffers;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vlm.Text;

/// <summary>Finds added tokens in a text: the leftmost match, the longest of those that start there, without overlap.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<(int Node, char Unit), int> _edges = [];
    private readonly List<AddedToken?> _tokens = [null];
    private readonly SearchValues<char> _firstUnits;

    /// <param name="tokens">Pairs of the text to find (not empty) and the token that it stands for.</param>
    public AddedTokenMatcher(IEnumerable<(string Pattern, AddedToken Token)> tokens)
    {
        HashSet<char> firstUnits = [];
        foreach ((string pattern, AddedToken token) in tokens)
        {
            firstUnits.Add(pattern[0]);
            int node = 0;
            foreach (char unit in pattern)
            {
                ref int next = ref CollectionsMarshal.GetValueRefOrAddDefault(_edges, (node, unit), out bool exists);
                if (!exists)
                {
                    next = _tokens.Count;
                    _tokens.Add(null);
                }
                node = next;
            }
            _tokens[node] ??= token;
        }
        _firstUnits = SearchValues.Create([.. firstUnits]);
    }

    /// <summary>Divides <paramref name="text"/> into pieces that cover it in order; a piece is either one added token or text without any.</summary>
    public List<(int Start, int Length, AddedToken? Token)> Split(string text)
    {
        List<(int, int, AddedToken?)> pieces = [];
        int covered = 0;
        for (int position = 0; position < text.Length;)
        {
            int skipped = text.AsSpan(position).IndexOfAny(_firstUnits);
            if (skipped < 0)
            {
                break;
            }
            position += skipped;
            (AddedToken? token, int length) = LongestAt(text, position);
            if (token is null)
            {
                position++;
                continue;
            }
            (int start, int end) = (position, position + length);
            position = end;
            if (start < covered || (token.IsSingleWord && IsPartOfWord(text, start, end)))
            {
                continue;
            }
            if (token.StripsLeft)
            {
                start = SkipSpacesBack(text, start, covered);
            }
            if (token.StripsRight)
            {
                end = CharacterClass.RunEnd(text, end, CharacterClass.IsSpace);
            }
            if (covered < start)
            {
                pieces.Add((covered, start - covered, null));
            }
            pieces.Add((start, end - start, token));
            covered = end;
        }
        if (covered < text.Length)
        {
            pieces.Add((covered, text.Length - covered, null));
        }
        return pieces;
    }

    private (AddedToken? Token, int Length) LongestAt(string text, int position)
    {
        (AddedToken? Token, int Length) longest = (null, 0);
        int node = 0;
        for (int i = position; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
        {
            if (_tokens[node] is { } token)
            {
                longest = (token, i + 1 - position);
            }
        }
        return longest;
    }

    private static bool IsPartOfWord(string text, int start, int end)
        => (start > 0 && CharacterClass.IsWord(CharacterClass.RuneBefore(text, start))) || (end < text.Length && CharacterClass.IsWord(CharacterClass.RuneAt(text, end)));

    private static int SkipSpacesBack(string text, int start, int limit)
    {
        while (start > limit && char.IsWhiteSpace(text[start - 1]))
        {
            start--;
        }
        return start;
    }
}
