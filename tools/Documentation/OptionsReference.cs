using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Dpo;

namespace Documentation;

/// <summary>Writes docs/options.md from the doc comments of the option types.</summary>
internal static partial class OptionsReference
{
    private const string Head = """
        # Options

        Every option with its type, its default and its name in TRL, PEFT, transformers or bitsandbytes where it has one. This page is made from the doc comments:
        `dotnet run -c Release --project tools/Documentation -- options` writes it, and a test holds it to them.

        """;

    // Their defaults follow from the machine.
    private static readonly HashSet<string> s_ofMachine = ["PrefetchThreads", "CacheDirectory", "Endpoint", "Token", "IsOffline"];

    private static readonly NullabilityInfoContext s_nullability = new();

    /// <summary>The text of the page.</summary>
    public static string Write()
    {
        Assembly[] libraries = [typeof(VlmSftEstimator).Assembly, typeof(VlmDpoEstimator).Assembly];
        Dictionary<string, XElement> comments = libraries.SelectMany(library => XDocument.Load(Path.ChangeExtension(library.Location, ".xml")).Descendants("member"))
            .ToDictionary(member => member.Attribute("name")!.Value);
        Type[] types = [.. libraries.SelectMany(library => library.GetExportedTypes()).Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && PropertiesOf(type).Length > 0)
            .OrderBy(Order).ThenBy(TitleOf, StringComparer.Ordinal)];
        StringBuilder page = new(Head + "\n");
        page.AppendJoin('\n', types.Select(type => $"- [{TitleOf(type)}](#{Anchor(TitleOf(type))})")).Append('\n');
        foreach (Type type in types)
        {
            WriteType(page, type, types, comments);
        }
        return page.ToString();
    }

    private static void WriteType(StringBuilder page, Type type, Type[] types, Dictionary<string, XElement> comments)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n## {TitleOf(type)}\n\n{TextOf(comments.GetValueOrDefault($"T:{IdOf(type)}")?.Element("summary"))}");
        for (Type? parent = type.BaseType; parent is not null && types.Contains(parent); parent = parent.BaseType)
        {
            page.Append(CultureInfo.InvariantCulture, $"{(parent == type.BaseType ? " All options of" : ",")} [{TitleOf(parent)}](#{Anchor(TitleOf(parent))})");
            page.Append(parent.BaseType is { } next && types.Contains(next) ? "" : " too.");
        }
        page.Append("\n\n| option | type | default | elsewhere | |\n| --- | --- | --- | --- | --- |\n");
        object? instance = Instance(type);
        foreach (PropertyInfo property in PropertiesOf(type).OrderBy(property => property.MetadataToken))
        {
            XElement? summary = comments.GetValueOrDefault($"P:{IdOf(type)}.{property.Name}")?.Element("summary");
            string elsewhere = string.Join(", ", summary is null ? [] : NameElsewhere().Matches(string.Concat(summary.Nodes())).Select(match => $"`{match.Groups[1].Value}`").Distinct());
            page.Append(CultureInfo.InvariantCulture, $"| `{property.Name}` | {Cell(NameOf(property))} | {Cell(DefaultOf(property, instance))} | {elsewhere} | {TextOf(summary).Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }
    }

    private static PropertyInfo[] PropertiesOf(Type type)
        => [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(property => property.GetMethod is { } get && get.GetBaseDefinition() == get && property.GetIndexParameters().Length == 0)
            .Where(property => property.SetMethod is { IsPublic: true } || (property.PropertyType.IsGenericType && property.PropertyType.GetInterface(nameof(IEnumerable)) is not null))];

    private static int Order(Type type) => type.Name switch
    {
        "VlmModelOptions" => 0,
        "VlmTrainingOptions" => 1,
        "VlmPreferenceOptions" => 3,
        "Options" => type.Assembly == typeof(VlmDpoEstimator).Assembly ? 4 : 2,
        _ => 5,
    };

    private static object? Instance(Type type)
        => type.IsAbstract ? (type == typeof(VlmPreferenceOptions) ? new VlmDpoEstimator.Options { ModelPath = "" } : new VlmSftEstimator.Options { ModelPath = "" })
            : type.GetConstructor(Type.EmptyTypes)?.Invoke(null);

    private static string DefaultOf(PropertyInfo property, object? instance)
    {
        if (s_ofMachine.Contains(property.Name) || instance is null)
        {
            return "";
        }
        if (property.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "RequiredMemberAttribute"))
        {
            return "required";
        }
        return property.GetValue(instance) switch
        {
            null => "null",
            "" => "empty",
            string text => text,
            bool isTrue => isTrue ? "true" : "false",
            Enum value => value.ToString(),
            IFormattable number when property.PropertyType.IsPrimitive || Nullable.GetUnderlyingType(property.PropertyType) is not null => number.ToString(null, CultureInfo.InvariantCulture),
            IEnumerable items => items.Cast<object>().Select(item => $"{item}").ToArray() is { Length: > 0 } all ? string.Join(", ", all) : "empty",
            object other => $"new {other.GetType().Name}()",
        };
    }

    private static string NameOf(PropertyInfo property)
        => NameOf(property.PropertyType) + (!property.PropertyType.IsValueType && s_nullability.Create(property).ReadState == NullabilityState.Nullable ? "?" : "");

    private static string NameOf(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? $"{NameOf(inner)}?"
        : type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum => type.Name,
            TypeCode.Boolean => "bool",
            TypeCode.Int32 => "int",
            TypeCode.Int64 => "long",
            TypeCode.Single => "float",
            TypeCode.Double => "double",
            TypeCode.String => "string",
            _ => type.Name,
        };

    private static string TextOf(XElement? summary)
        => summary is null ? "" : Spaces().Replace(string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "see" } see => $"`{(see.Attribute("cref")?.Value is { } id ? ShortName(id) : see.Attribute("langword")?.Value ?? see.Value)}`",
            XElement { Name.LocalName: "paramref" or "typeparamref" } name => $"`{name.Attribute("name")!.Value}`",
            XElement other => TextOf(other),
            XText text => text.Value,
            _ => "",
        })), " ").Trim();

    // P:Microsoft.ML.Vlm.VlmTrainingOptions.SaveSteps stands as SaveSteps, a value of an enumeration with its type.
    private static string ShortName(string id)
    {
        string[] parts = id.Split('(')[0].Split('.', ':');
        return id[0] == 'F' ? $"{parts[^2]}.{parts[^1]}" : parts[^1] == "Options" ? $"{parts[^2]}.Options" : parts[^1].Split('`')[0];
    }

    private static string TitleOf(Type type) => type.IsNested ? $"{type.DeclaringType!.Name}.{type.Name}" : type.Name;

    private static string IdOf(Type type) => type.FullName!.Replace('+', '.');

    private static string Anchor(string title) => title.Replace(".", "", StringComparison.Ordinal).ToLowerInvariant();

    private static string Cell(string text) => text.Length == 0 ? "" : $"`{text.Replace("|", "\\|", StringComparison.Ordinal)}`";

    [GeneratedRegex(@"(?:\(|, |; )<c>([a-z][a-z0-9]*(?:_[a-z0-9]+)*)</c>(?=[,;)])")]
    private static partial Regex NameElsewhere();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
