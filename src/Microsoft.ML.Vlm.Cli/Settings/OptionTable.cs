using System.Collections;
using System.Reflection;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>The options of a command, which are the public options of the classes that it fills: the one list that flags, files, help and explanations come from.</summary>
internal sealed class OptionTable
{
    private readonly Dictionary<string, OptionEntry> _byName = new(StringComparer.Ordinal);

    /// <summary>Lists the options of classes.</summary>
    /// <param name="roots">The classes.</param>
    /// <exception cref="InvalidOperationException">Two options have one name.</exception>
    public OptionTable(params Type[] roots)
    {
        Entries = [.. roots.SelectMany(EntriesOf)];
        foreach (OptionEntry entry in Entries)
        {
            foreach (string name in entry.Names)
            {
                if (!_byName.TryAdd(name, entry))
                {
                    throw new InvalidOperationException($"'{name}' is an option of {_byName[name].Property.DeclaringType!.Name} and of {entry.Property.DeclaringType!.Name}.");
                }
            }
        }
    }

    /// <summary>The options, in the order of their classes.</summary>
    public IReadOnlyList<OptionEntry> Entries { get; }

    /// <summary>All names of all options.</summary>
    public IEnumerable<string> Names => _byName.Keys;

    /// <summary>The option of a name; null when there is none.</summary>
    /// <param name="name">A flag without its dashes or a key of a file; hyphens count as underscores.</param>
    public OptionEntry? Find(string name) => _byName.GetValueOrDefault(name.Replace('-', '_'));

    /// <summary>The option that a property of the classes is; null when there is none, or several.</summary>
    public OptionEntry? FindProperty(string name)
        => Entries.Where(entry => entry.Property.Name == name).ToArray() is [var only] ? only : null;

    /// <summary>The error about a name that is no option.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="place">Where: <c>--name</c>, or a line of a file.</param>
    public UsageException Unknown(string name, string place)
    {
        string key = name.Replace('-', '_');
        if (ForeignOptions.Find(key) is { } reason)
        {
            return new UsageException($"{place}: '{key}' is an option of TRL or transformers that is not here: {reason}");
        }
        string hint = NearestName.Find(key, Names) is { } near ? $" Did you mean '{near}'?" : " --help lists the options.";
        return new UsageException($"{place}: there is no option '{key}'.{hint}");
    }

    /// <summary>Whether a property is a setting that somebody can write down.</summary>
    internal static bool IsSetting(PropertyInfo property)
        => property.GetIndexParameters().Length == 0 && property.GetMethod is { IsPublic: true, IsStatic: false }
            && (property.SetMethod is { IsPublic: true } || (property.CanRead && typeof(IDictionary).IsAssignableFrom(property.PropertyType)) || IsFilled(property));

    private static IEnumerable<OptionEntry> EntriesOf(Type root) => Settings(root).SelectMany(property =>
    {
        if (!OptionNames.Sections.TryGetValue(property.Name, out string[]? sections))
        {
            return [Entry(root, null, property, SectionOf(property))];
        }
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return Settings(type).Select(inner => Entry(root, property, inner, sections[0]));
    });

    private static IEnumerable<PropertyInfo> Settings(Type type)
        => type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(IsSetting)
            .Where(property => !OptionNames.LeftOut.ContainsKey(OptionNames.Key(property.DeclaringType!, property.Name)))
            .OrderBy(property => Depth(property.DeclaringType!)).ThenBy(property => property.MetadataToken);

    private static OptionEntry Entry(Type root, PropertyInfo? holder, PropertyInfo property, string section)
    {
        string[] names = OptionNames.Of(property.DeclaringType!, property.Name);
        return new OptionEntry { Name = names[0], Aliases = names[1..], Section = section, Root = root, Holder = holder, Property = property };
    }

    private static string SectionOf(PropertyInfo property)
        => property.GetCustomAttribute<SectionAttribute>()?.Name ?? (property.DeclaringType == typeof(VlmDataOptions) ? "data" : "");

    // Dictionaries that are there and get entries.
    private static bool IsFilled(PropertyInfo property) => property.PropertyType == typeof(IDictionary<string, string>);

    private static int Depth(Type type) => type.BaseType is { } @base ? Depth(@base) + 1 : 0;
}
