using System.Text.Json;

namespace Microsoft.ML.Vlm.Text;

/// <summary>A part of a tokenizer.json with its name for messages. Reading what is missing or of another kind throws <see cref="InvalidDataException"/>.</summary>
/// <param name="Element">The JSON value.</param>
/// <param name="File">Name of the file.</param>
/// <param name="Key">Path of the value in the file, such as <c>pre_tokenizer.pretokenizers[1]</c>.</param>
internal readonly record struct TokenizerNode(JsonElement Element, string File, string Key)
{
    /// <summary>Whether the value is absent or null.</summary>
    public bool IsNull => Element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    /// <summary>The value of <c>type</c>.</summary>
    public string Type => Child("type").Text;

    /// <summary>This value as text.</summary>
    public string Text
    {
        get
        {
            try
            {
                return Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw Invalid("must be a text");
            }
            catch (InvalidOperationException e)
            {
                throw new InvalidDataException($"Tokenizer '{File}': '{Key}' has invalid UTF-8 or a lone surrogate.", e);
            }
        }
    }

    /// <summary>The value under <paramref name="name"/>; <see cref="IsNull"/> when absent.</summary>
    public TokenizerNode Child(string name)
    {
        if (Element.ValueKind != JsonValueKind.Object)
        {
            throw Invalid("must be an object");
        }
        string key = Key.Length == 0 ? name : $"{Key}.{name}";
        return new TokenizerNode(Element.TryGetProperty(name, out JsonElement child) ? child : default, File, key);
    }

    /// <summary>The items of the array under <paramref name="name"/>.</summary>
    public List<TokenizerNode> Items(string name)
    {
        TokenizerNode array = Child(name);
        if (array.Element.ValueKind != JsonValueKind.Array)
        {
            throw array.Invalid("must be an array");
        }
        List<TokenizerNode> items = new(array.Element.GetArrayLength());
        foreach (JsonElement item in array.Element.EnumerateArray())
        {
            items.Add(new TokenizerNode(item, File, $"{array.Key}[{items.Count}]"));
        }
        return items;
    }

    /// <summary>The boolean under <paramref name="name"/>, or <paramref name="fallback"/> when absent.</summary>
    public bool Flag(string name, bool fallback)
    {
        TokenizerNode child = Child(name);
        return child.IsNull ? fallback : child.Element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw child.Invalid("must be true or false"),
        };
    }

    /// <summary>The whole number under <paramref name="name"/>.</summary>
    public int Number(string name)
    {
        TokenizerNode child = Child(name);
        return child.Element.ValueKind == JsonValueKind.Number && child.Element.TryGetInt32(out int value) && value >= 0
            ? value
            : throw child.Invalid("must be a whole number that is not negative");
    }

    /// <summary>The error that this value is wrong.</summary>
    public InvalidDataException Invalid(string message) => new($"Tokenizer '{File}': '{Key}' {message}.");

    /// <summary>The error that this component is of a type that is not known here.</summary>
    public NotSupportedException Unsupported(string supported) => new($"Tokenizer '{File}': '{Key}' has the type '{Type}', which is not supported. Supported here: {supported}.");
}
