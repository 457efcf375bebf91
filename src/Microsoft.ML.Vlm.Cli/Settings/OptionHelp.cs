using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>What options mean: the doc comments of their properties, which the compiler writes beside the assemblies.</summary>
internal static partial class OptionHelp
{
    private static readonly Lazy<Dictionary<string, XElement>> s_members = new(Read);

    /// <summary>The meaning of an option in one paragraph; empty when the documentation is not there.</summary>
    public static string Of(OptionEntry entry) => Of(entry.Property);

    /// <summary>The summary of a property; empty when the documentation is not there.</summary>
    public static string Of(PropertyInfo property)
        => s_members.Value.TryGetValue($"P:{property.DeclaringType!.FullName!.Replace('+', '.')}.{property.Name}", out XElement? summary) ? Blanks().Replace(Plain(summary), " ").Trim() : "";

    private static string Plain(XElement element) => string.Concat(element.Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => NameOf((string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? ""),
        XElement other => Plain(other),
        _ => "",
    }));

    // A property of another option class goes by its flag; anything else by its last name.
    private static string NameOf(string reference)
    {
        string[] parts = reference[(reference.IndexOf(':', StringComparison.Ordinal) + 1)..].Split('.', '(');
        string last = reference.Contains('(', StringComparison.Ordinal) ? parts[^2] : parts[^1];
        return reference.StartsWith("P:Microsoft.ML.Vlm", StringComparison.Ordinal) && OwnerOf(parts) is { } owner ? OptionNames.Of(owner, last)[0] : last;
    }

    private static Type? OwnerOf(string[] parts)
    {
        string owner = string.Join('.', parts[..^1]);
        return new[] { typeof(VlmModelOptions).Assembly, typeof(Dpo.VlmDpoEstimator).Assembly, typeof(OptionHelp).Assembly }
            .Select(assembly => assembly.GetType(owner) ?? assembly.GetType(owner.EndsWith(".Options", StringComparison.Ordinal) ? owner[..^8] + "+Options" : owner)).FirstOrDefault(type => type is not null);
    }

    private static Dictionary<string, XElement> Read()
    {
        Dictionary<string, XElement> members = [];
        foreach (string name in new[] { "Microsoft.ML.Vlm", "Microsoft.ML.Vlm.Dpo", "Microsoft.ML.Vlm.Cli" })
        {
            string path = Path.Combine(AppContext.BaseDirectory, name + ".xml");
            try
            {
                foreach (XElement member in File.Exists(path) ? XDocument.Load(path).Descendants("member") : [])
                {
                    if ((string?)member.Attribute("name") is { } key && member.Element("summary") is { } summary)
                    {
                        members[key] = summary;
                    }
                }
            }
            catch (XmlException)
            {
                // A damaged file costs the help, not the command.
                continue;
            }
        }
        return members;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
