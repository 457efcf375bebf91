using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tests;

/// <summary>
/// Which folders of the reference pack are of a family that is built. Golden tests discover those alone; <c>FamilyTests</c> holds that every other checkpoint
/// of the pack is refused with a message that names its family, so that none goes missing unnoticed.
/// </summary>
internal static class Families
{
    private static readonly string[] s_built = ["smolvlm", "idefics3"];

    public static TheoryData<string> Built => Reference.Folders("golden/checkpoints", IsBuilt);

    public static TheoryData<string> Others => Reference.Folders("golden/checkpoints", name => !IsBuilt(name));

    /// <summary>Whether a folder of <c>golden/checkpoints</c> is of a built family.</summary>
    public static bool IsBuilt(string checkpoint)
        => s_built.Contains(TypeOf(Path.Combine(Reference.Root!, "golden", "checkpoints", checkpoint)));

    /// <summary>The model type that a folder's configuration names; null without one.</summary>
    public static string? TypeOf(string folder)
    {
        string path = Path.Combine(folder, ModelConfig.FileName);
        if (!File.Exists(path))
        {
            return null;
        }
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(path));
        return config.RootElement.TryGetProperty("model_type", out JsonElement type) ? type.GetString() : null;
    }
}
