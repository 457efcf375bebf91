using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>The grammars of a tokenizer's recent schemas: to read one and to find its tokens takes longer than a token.</summary>
internal sealed class TokenGrammars
{
    private const int MostKept = 16;

    private static readonly ConditionalWeakTable<VlmTokenizer, TokenGrammars> s_all = [];

    private readonly Lock _gate = new();
    private readonly VlmTokenizer _tokenizer;
    private readonly LinkedList<(string Schema, TokenGrammar Grammar)> _recent = [];
    private SortedVocabulary? _vocabulary;

    private TokenGrammars(VlmTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>Those of a tokenizer; they live as long as it.</summary>
    public static TokenGrammars Of(VlmTokenizer tokenizer) => s_all.GetValue(tokenizer, static key => new TokenGrammars(key));

    /// <summary>The grammar of a JSON schema.</summary>
    /// <inheritdoc cref="JsonSchemaReader.Read" path="/exception"/>
    public TokenGrammar OfSchema(string schema)
    {
        lock (_gate)
        {
            for (LinkedListNode<(string Schema, TokenGrammar Grammar)>? node = _recent.First; node is not null; node = node.Next)
            {
                if (node.Value.Schema == schema)
                {
                    _recent.Remove(node);
                    _recent.AddFirst(node);
                    return node.Value.Grammar;
                }
            }
            TokenGrammar grammar = new(JsonSchemaReader.Read(schema), _tokenizer, _vocabulary ??= new SortedVocabulary(_tokenizer));
            _recent.AddFirst((schema, grammar));
            if (_recent.Count > MostKept)
            {
                _recent.RemoveLast();
            }
            return grammar;
        }
    }
}
