namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Options of TRL that say of the model what one option of the library says in another way.</summary>
internal sealed class ModelFlags
{
    /// <summary>Branch, tag or commit of the model (<c>model_revision</c>); the same as <c>org/name@revision</c>. Default the main branch.</summary>
    public string? ModelRevision { get; set; }

    /// <summary>Number format of the base model (<c>bf16</c>): true is bfloat16, false float32; not given, it is that of dtype, or else of the checkpoint.</summary>
    public bool? Bf16 { get; set; }

    /// <summary>Whether the linear layers of the base model are quantized to 4 bits (<c>load_in_4bit</c>). Default false.</summary>
    [Section("quantization")]
    public bool LoadIn4Bit { get; set; }

    /// <summary>Whether they are quantized to 8 bits (<c>load_in_8bit</c>). Default false.</summary>
    [Section("quantization")]
    public bool LoadIn8Bit { get; set; }
}
