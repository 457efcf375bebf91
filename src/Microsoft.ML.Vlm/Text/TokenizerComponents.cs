using System.Text.Json;
using Microsoft.ML.Vlm.Text.Decoders;
using Microsoft.ML.Vlm.Text.Normalizers;
using Microsoft.ML.Vlm.Text.Patterns;
using Microsoft.ML.Vlm.Text.Splitters;

namespace Microsoft.ML.Vlm.Text;

/// <summary>Builds the components that the sections of a tokenizer.json describe. A type that is not known here is an error, never left out silently.</summary>
internal static class TokenizerComponents
{
    /// <summary>The switches of the model.</summary>
    /// <param name="node">The section <c>model</c>.</param>
    /// <param name="vocabulary">Its vocabulary.</param>
    /// <param name="isByteLevel">Whether pieces reach the model as bytes.</param>
    public static BpeModelOptions CreateModelOptions(TokenizerNode node, BpeVocabulary vocabulary, bool isByteLevel)
    {
        if (!node.Child("type").IsNull && node.Type != "BPE")
        {
            throw node.Unsupported("BPE");
        }
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (node.Child(affix) is { IsNull: false, Text.Length: > 0 } child)
            {
                throw new NotSupportedException($"Tokenizer '{node.File}': '{child.Key}' is '{child.Text}', which is not supported. Supported here: null and empty.");
            }
        }
        if (node.Child("dropout") is { IsNull: false } dropout && !(dropout.Element.ValueKind == JsonValueKind.Number && dropout.Element.GetDouble() == 0))
        {
            throw new NotSupportedException($"Tokenizer '{node.File}': '{dropout.Key}' makes ids random, which is not supported. Set it to null.");
        }
        bool hasByteFallback = node.Flag("byte_fallback", false);
        if (hasByteFallback && isByteLevel && Enumerable.Range(0, 256).Any(value => vocabulary.IdOf([ByteAlphabet.CharacterOf((byte)value)]) < 0))
        {
            throw new NotSupportedException($"Tokenizer '{node.File}': 'model.byte_fallback' with the pre-tokenizer ByteLevel and a vocabulary that lacks some bytes is not supported.");
        }
        string? unknown = node.Child("unk_token").IsNull ? null : node.Child("unk_token").Text;
        if (unknown is not null && vocabulary.IdOf(unknown) < 0)
        {
            throw node.Child("unk_token").Invalid($"is '{unknown}', which 'model.vocab' lacks");
        }
        return new BpeModelOptions(unknown, node.Flag("fuse_unk", false), hasByteFallback, node.Flag("ignore_merges", false), isByteLevel);
    }

    /// <summary>The normalizer, or null when the section is null.</summary>
    public static TextNormalizer? CreateNormalizer(TokenizerNode node) => node.IsNull ? null : node.Type switch
    {
        "NFC" => new UnicodeNormalizer(composes: true),
        "NFD" => new UnicodeNormalizer(composes: false),
        "Lowercase" => new LowercaseNormalizer(),
        "Prepend" => new PrependNormalizer(node.Child("prepend").Text),
        "Replace" => new ReplaceNormalizer(CreatePattern(node.Child("pattern")), node.Child("content").Text),
        "Strip" => new StripNormalizer(node.Flag("strip_left", true), node.Flag("strip_right", true)),
        "Sequence" => new SequenceNormalizer([.. node.Items("normalizers").Select(item => CreateNormalizer(item) ?? throw item.Invalid("must not be null"))]),
        _ => throw node.Unsupported("NFC, NFD, Lowercase, Prepend, Replace, Strip, Sequence"),
    };

    /// <summary>The pre-tokenizer, or null when the section is null.</summary>
    public static TextSplitter? CreateSplitter(TokenizerNode node) => node.IsNull ? null : node.Type switch
    {
        "ByteLevel" => new ByteLevelSplitter(node.Flag("add_prefix_space", true), node.Flag("use_regex", true)),
        "Digits" => new DigitsSplitter(node.Flag("individual_digits", false)),
        "Split" => new PatternSplitter(CreatePattern(node.Child("pattern")), CreateBehavior(node.Child("behavior")), node.Flag("invert", false)),
        "Metaspace" => new MetaspaceSplitter(node.Child("replacement").Text, CreatePrependScheme(node), node.Flag("split", true)),
        "Whitespace" => new WhitespaceSplitter(splitsWords: true),
        "WhitespaceSplit" => new WhitespaceSplitter(splitsWords: false),
        "Sequence" => new SequenceSplitter([.. node.Items("pretokenizers").Select(item => CreateSplitter(item) ?? throw item.Invalid("must not be null"))]),
        _ => throw node.Unsupported("ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, Sequence"),
    };

    /// <summary>Whether the pre-tokenizer writes text as bytes. It must then be the last step: what follows would have to split bytes.</summary>
    public static bool IsByteLevel(TokenizerNode node)
    {
        if (node.IsNull || node.Type != "Sequence")
        {
            return !node.IsNull && node.Type == "ByteLevel";
        }
        List<TokenizerNode> steps = node.Items("pretokenizers");
        TokenizerNode? early = steps.SkipLast(1).Where(IsByteLevel).Select(static step => (TokenizerNode?)step).FirstOrDefault();
        return early is null
            ? steps.Count > 0 && IsByteLevel(steps[^1])
            : throw new NotSupportedException($"Tokenizer '{node.File}': '{early.Value.Key}' has the type 'ByteLevel' and is not the last step, which is not supported.");
    }

    /// <summary>The decoders in order; empty when the section is null.</summary>
    public static IReadOnlyList<TokenDecoder> CreateDecoders(TokenizerNode node) => node.IsNull ? [] : node.Type switch
    {
        "ByteLevel" => [new ByteLevelDecoder()],
        "ByteFallback" => [new ByteFallbackDecoder()],
        "Fuse" => [new FuseDecoder()],
        "Metaspace" => [new MetaspaceDecoder(node.Child("replacement").Text, CreatePrependScheme(node) != PrependScheme.Never)],
        "Replace" => [new ReplaceDecoder(CreatePattern(node.Child("pattern")), node.Child("content").Text)],
        "Strip" => [new StripDecoder(SingleCharacter(node.Child("content")), node.Number("start"), node.Number("stop"))],
        "Sequence" => [.. node.Items("decoders").SelectMany(CreateDecoders)],
        _ => throw node.Unsupported("ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip, Sequence"),
    };

    /// <summary>What the post-processor puts around a single text.</summary>
    /// <param name="node">The section.</param>
    /// <param name="hasId">Whether an id belongs to a token.</param>
    public static SpecialTokenTemplate CreateTemplate(TokenizerNode node, Func<int, bool> hasId)
    {
        if (node.IsNull)
        {
            return SpecialTokenTemplate.None;
        }
        switch (node.Type)
        {
            case "ByteLevel":
                return SpecialTokenTemplate.None; // Adds nothing; it only trims offsets of leading spaces.
            case "TemplateProcessing":
                return ReadTemplate(node, hasId);
            case "Sequence":
                SpecialTokenTemplate[] templates = [.. node.Items("processors").Select(item => CreateTemplate(item, hasId))];
                return new SpecialTokenTemplate([.. templates.Reverse().SelectMany(static item => item.Before)], [.. templates.SelectMany(static item => item.After)]);
            default:
                throw node.Unsupported("ByteLevel, TemplateProcessing, Sequence");
        }
    }

    private static SpecialTokenTemplate ReadTemplate(TokenizerNode node, Func<int, bool> hasId)
    {
        List<int> before = [];
        List<int> after = [];
        int texts = 0;
        foreach (TokenizerNode item in node.Items("single"))
        {
            if (!item.Child("Sequence").IsNull)
            {
                texts++;
                continue;
            }
            TokenizerNode definition = node.Child("special_tokens").Child(item.Child("SpecialToken").Child("id").Text);
            foreach (TokenizerNode id in definition.Items("ids"))
            {
                if (!id.Element.TryGetInt32(out int value) || !hasId(value))
                {
                    throw id.Invalid("must be the id of a token");
                }
                (texts == 0 ? before : after).Add(value);
            }
        }
        return texts == 1 ? new SpecialTokenTemplate(before, after) : throw node.Child("single").Invalid("must hold the text exactly once");
    }

    private static TextPattern CreatePattern(TokenizerNode node)
        => !node.Child("String").IsNull ? new LiteralPattern(node.Child("String").Text)
        : !node.Child("Regex").IsNull ? new RegexPattern(node.Child("Regex"))
        : throw node.Invalid("must have a 'String' or a 'Regex'");

    private static SplitBehavior CreateBehavior(TokenizerNode node) => node.Text switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw node.Invalid($"is '{node.Text}', but must be Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous"),
    };

    private static PrependScheme CreatePrependScheme(TokenizerNode node)
    {
        TokenizerNode scheme = node.Child("prepend_scheme");
        if (scheme.IsNull)
        {
            // Files of older versions of the library say add_prefix_space instead.
            return node.Flag("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never;
        }
        return scheme.Text switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw scheme.Invalid($"is '{scheme.Text}', but must be always, first or never"),
        };
    }

    private static char SingleCharacter(TokenizerNode node) => node.Text.Length == 1 ? node.Text[0] : throw node.Invalid("must be one character");
}
