using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>JSON as commands write it.</summary>
internal static class ToolJson
{
    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As a text of several lines.</summary>
    public static string Write(JsonNode node) => node.ToJsonString(s_options);
}
