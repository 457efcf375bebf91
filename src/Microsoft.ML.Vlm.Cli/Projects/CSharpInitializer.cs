using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>
/// Options as the C# that makes them again: object initializers that hold what has to be given and what differs from a new instance. Written from the public properties of the option classes, so that a
/// new option needs nothing here. What no code can hold (callbacks, data, trackers) is left out, and so are secrets.
/// </summary>
internal static class CSharpInitializer
{
    private const int LineLength = 120;
    private const int Indentation = 4;

    // They belong to the environment of whoever runs the code.
    private static readonly HashSet<string> s_secrets = [OptionNames.Key(typeof(HubOptions), nameof(HubOptions.Token))];

    /// <summary>Writes an object.</summary>
    /// <param name="options">Options of the library.</param>
    /// <param name="indent">Blanks in front of the line that the expression stands on.</param>
    /// <param name="more">Members that are code already, behind the others.</param>
    public static string Write(object options, int indent, params IReadOnlyList<(string Name, string Code)> more)
    {
        List<string> members = [.. Members(options, indent + Indentation), .. more.Select(member => $"{member.Name} = {member.Code}")];
        return Join($"new {NameOf(options.GetType())}", "()", members, indent);
    }

    /// <summary>Whether there are expressions for values of a type.</summary>
    public static bool CanWrite(Type type)
        => Nullable.GetUnderlyingType(type) is { } value ? CanWrite(value)
            : OptionValue.ElementOf(type) is { } element ? CanWrite(element)
            : OptionValue.MappedOf(type) is { } mapped ? CanWrite(mapped)
            : type.IsEnum || type == typeof(string) || type == typeof(bool) || type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(TimeSpan)
                || type == typeof(LearningRateSchedule) || IsOptions(type);

    /// <summary>The settings of a class of options that code can hold, in the order of the classes.</summary>
    public static IEnumerable<PropertyInfo> Settings(Type type) => type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
        .Where(property => OptionTable.IsSetting(property) && CanWrite(property.PropertyType) && !s_secrets.Contains(OptionNames.Key(property.DeclaringType!, property.Name)))
        .OrderBy(property => Depth(property.DeclaringType!)).ThenBy(property => property.MetadataToken);

    private static IEnumerable<string> Members(object options, int indent)
    {
        object fresh = Activator.CreateInstance(options.GetType(), nonPublic: true)!;
        foreach (PropertyInfo property in Settings(options.GetType()))
        {
            string code = Expression(property.GetValue(options), indent);
            if (property.IsDefined(typeof(RequiredMemberAttribute)) || code != Expression(property.GetValue(fresh), indent))
            {
                // A dictionary that is there already gets entries.
                yield return $"{property.Name} = {(property.SetMethod is null ? code[(code.IndexOf('>', StringComparison.Ordinal) + 1)..].TrimStart(' ') : code)}";
            }
        }
    }

    private static string Expression(object? value, int indent) => value switch
    {
        null => "null",
        bool truth => truth ? "true" : "false",
        string text => CSharpText.Literal(text),
        int or long => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        double number => CSharpText.Literal(number),
        TimeSpan time => CSharpText.Literal(time),
        Enum word => Word(word),
        LearningRateSchedule schedule => $"{nameof(LearningRateSchedule)}.{schedule.Member}{(schedule.Arguments is { } given ? $"({string.Join(", ", given.Select(CSharpText.Literal))})" : "")}",
        IDictionary entries => Join(
            $"new Dictionary<string, {KeywordOf(OptionValue.MappedOf(value.GetType().GetInterfaces().First(type => OptionValue.MappedOf(type) is not null))!)}>", "()",
            [.. entries.Keys.Cast<string>().Select(key => $"[{CSharpText.Literal(key)}] = {Expression(entries[key], indent + Indentation)}")], indent),
        IEnumerable items => $"[{string.Join(", ", items.Cast<object>().Select(item => Expression(item, indent)))}]",
        _ => Shared(value) ?? Join($"new {NameOf(value.GetType())}", "()", [.. Members(value, indent + Indentation)], indent),
    };

    // Options that have a name of their own, such as QuantOptions.Nf4.
    private static string? Shared(object value) => value.GetType().GetProperties(BindingFlags.Static | BindingFlags.Public)
        .FirstOrDefault(property => property.PropertyType == value.GetType() && value.Equals(property.GetValue(null))) is { } found ? $"{NameOf(value.GetType())}.{found.Name}" : null;

    private static string Word(Enum value)
    {
        string type = NameOf(value.GetType());
        return string.Join(" | ", value.ToString().Split(", ").Select(name => int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? $"({type})({number.ToString(CultureInfo.InvariantCulture)})" : $"{type}.{name}"));
    }

    private static string Join(string head, string withoutMembers, List<string> members, int indent)
    {
        string line = $"{head} {{ {string.Join(", ", members)} }}";
        return members.Count == 0 ? head + withoutMembers
            : line.Length <= LineLength && members.Count <= Indentation && !line.Contains('\n', StringComparison.Ordinal) ? line
            : $"{head}\n{new string(' ', indent)}{{\n{string.Concat(members.Select(member => $"{new string(' ', indent + Indentation)}{member},\n"))}{new string(' ', indent)}}}";
    }

    private static bool IsOptions(Type type)
        => (type.Assembly == typeof(VlmModelOptions).Assembly || type.Assembly == typeof(VlmPreferenceOptions).Assembly) && type is { IsClass: true, IsAbstract: false }
            && !typeof(Delegate).IsAssignableFrom(type) && type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []) is not null;

    private static string NameOf(Type type) => type.DeclaringType is { } owner ? $"{NameOf(owner)}.{type.Name}" : type.Name;

    private static string KeywordOf(Type type)
        => type == typeof(string) ? "string" : type == typeof(int) ? "int" : type == typeof(long) ? "long" : type == typeof(double) ? "double" : type == typeof(bool) ? "bool" : NameOf(type);

    private static int Depth(Type type) => type.BaseType is { } @base ? Depth(@base) + 1 : 0;
}
