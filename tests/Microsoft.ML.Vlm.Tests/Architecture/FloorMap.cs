namespace Microsoft.ML.Vlm.Tests.Architecture;

/// <summary>Which floor of the house a type stands on; a floor uses only itself and the floors below it (docs/architecture.md).</summary>
/// <param name="root">The root namespace.</param>
/// <param name="rootFolder">The top folder (empty for the root) of a type in the root namespace, by its name: folders whose types are public, or serve one of these, keep the root namespace.</param>
internal sealed class FloorMap(string root, Func<string, string> rootFolder)
{
    /// <summary>Floors by the top folder, which is the first part of a namespace below the root.</summary>
    private static readonly Dictionary<string, int> s_floors = new()
    {
        ["Torch"] = 0,
        ["Options"] = 0,
        ["Notebooks"] = 0,
        ["Checkpoints"] = 1,
        ["Hub"] = 1,
        ["Data"] = 1,
        ["Chat"] = 2,
        ["Text"] = 2,
        ["Images"] = 2,
        ["Processing"] = 2,
        ["Models"] = 3,
        ["Adapters"] = 3,
        ["Quantization"] = 3,
        ["Training"] = 4,
        ["Generation"] = 4,
        ["Evaluation"] = 4,
        ["Inspection"] = 4,
        ["Tracking"] = 4,
        ["Reports"] = 4,
        ["Components"] = 5,
        ["Serving"] = 5,
        ["Engine"] = 5,
        ["Sessions"] = 5,
        ["Operations"] = 5,
        ["Estimators"] = 5,
        ["Catalogs"] = 6,
        [""] = 5,
    };

    /// <summary>The floor where what a user types stands: the namespace Microsoft.ML.</summary>
    private const int Catalog = 6;

    /// <summary>The floor of a type of the assembly under test; null for what the compiler generates outside the house's namespaces.</summary>
    /// <exception cref="InvalidOperationException">The namespace has no floor yet: give it one here and in docs/architecture.md.</exception>
    public int? FloorOf(string @namespace, string name)
    {
        if (@namespace == "Microsoft.ML" && root != "Microsoft.ML")
        {
            return Catalog;
        }
        if (@namespace != root && !@namespace.StartsWith(root + ".", StringComparison.Ordinal))
        {
            return null;
        }
        string folder = @namespace == root ? rootFolder(name) : @namespace[(root.Length + 1)..].Split('.')[0];
        return s_floors.TryGetValue(folder, out int floor) ? floor : throw new InvalidOperationException($"'{@namespace}.{name}' stands in '{folder}', which has no floor.");
    }
}
