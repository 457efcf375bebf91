using System.Collections;
using System.Reflection;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>The options of a command as they were given: values and where they come from.</summary>
/// <param name="table">The options that there are.</param>
internal sealed class ResolvedSettings(OptionTable table)
{
    /// <summary>What the source of a value is that nobody gave.</summary>
    public const string Default = "default";

    private readonly Dictionary<OptionEntry, (object? Value, string Source)> _given = [];

    /// <summary>The options that there are.</summary>
    public OptionTable Table => table;

    /// <summary>Whether a file of options was read.</summary>
    public bool UsesFile { get; set; }

    /// <summary>Notes a value; an earlier one is replaced.</summary>
    /// <param name="entry">The option.</param>
    /// <param name="texts">What was written.</param>
    /// <param name="source">Where.</param>
    /// <exception cref="UsageException">It is no value of the option.</exception>
    public void Set(OptionEntry entry, IReadOnlyList<string> texts, string source)
    {
        try
        {
            _given[entry] = (OptionValue.Parse(entry, texts), source);
        }
        catch (FormatException error)
        {
            throw new UsageException($"{source}: {entry.Name}: {error.Message}.", error);
        }
    }

    /// <summary>Whether somebody gave an option a value; the tool's own defaults do not count.</summary>
    public bool IsGiven(string name) => _given.TryGetValue(table.Find(name)!, out (object? Value, string Source) given) && given.Source != Default;

    /// <summary>The value that was given, or else the type's own.</summary>
    public T? ValueOf<T>(string name) => _given.TryGetValue(table.Find(name)!, out (object? Value, string Source) given) ? (T?)given.Value : default;

    /// <summary>All that was given as flags, so that no file is needed.</summary>
    public IEnumerable<string> ToFlags()
        => _given.Where(pair => pair.Value.Source != Default).SelectMany(pair => OptionValue.Texts(pair.Value.Value).Prepend($"--{pair.Key.Name}"));

    /// <summary>Where a value comes from.</summary>
    public string SourceOf(OptionEntry entry) => _given.TryGetValue(entry, out (object? Value, string Source) given) ? given.Source : Default;

    /// <summary>The options that were given, of a section.</summary>
    public IEnumerable<OptionEntry> GivenIn(string section) => _given.Where(pair => pair.Key.Section == section && pair.Value.Source != Default).Select(pair => pair.Key);

    /// <summary>An instance of a class of options with all that was given.</summary>
    public T Create<T>()
        where T : class
    {
        T root = (T)Activator.CreateInstance(typeof(T), nonPublic: true)!;
        foreach ((OptionEntry entry, (object? value, string _)) in _given.Where(pair => pair.Key.Root == typeof(T)))
        {
            object owner = root;
            if (entry.Holder is { } holder)
            {
                owner = holder.GetValue(root) is { } held ? Copy(held) : Activator.CreateInstance(holder.PropertyType)!;
                holder.SetValue(root, owner);
            }
            Put(owner, entry.Property, value);
        }
        return root;
    }

    /// <summary>The value of an option in an instance that was made of these settings.</summary>
    /// <param name="entry">The option.</param>
    /// <param name="root">The instance.</param>
    public static object? ValueIn(OptionEntry entry, object root)
        => entry.Holder is not { } holder ? entry.Property.GetValue(root) : holder.GetValue(root) is { } held ? entry.Property.GetValue(held) : null;

    private static void Put(object owner, PropertyInfo property, object? value)
    {
        if (property.SetMethod is not null)
        {
            property.SetValue(owner, value);
            return;
        }
        IDictionary target = (IDictionary)property.GetValue(owner)!;
        foreach (DictionaryEntry pair in (IDictionary)value!)
        {
            target[pair.Key] = pair.Value;
        }
    }

    // Records may be the shared default; nobody else's are to change.
    private static object Copy(object held) => held.GetType().GetMethod("<Clone>$")?.Invoke(held, null) ?? held;
}
