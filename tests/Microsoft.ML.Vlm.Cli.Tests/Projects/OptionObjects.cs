using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Cli.Projects;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Tests.Projects;

/// <summary>Options with values at random, and their comparison.</summary>
/// <param name="random">Chooses.</param>
internal sealed class OptionObjects(Random random)
{
    /// <summary>Texts that would like to be code.</summary>
    public static IReadOnlyList<string> Texts { get; } =
    [
        "", "plain", "with \"quotes\"", "\"; Environment.Exit(1); //", "a\nb\r\nc\td\0e", "C:\\temp\\new", "{0} {{x}} $\"{1}\"", "*/ // /* #endif", "\u2028\u2029\u0085\v\f", "\u202e\u2066evil\u2069", "größe 木 🙂",
        "\ud83d", "'\\u0022'", "\"\"\"", "<a b=\"c\">&amp;</a>", "\u00a0\ufeff\u200b",
    ];

    private static readonly LearningRateSchedule[] s_schedules =
    [
        LearningRateSchedule.Linear, LearningRateSchedule.Cosine, LearningRateSchedule.Constant, LearningRateSchedule.ConstantWithWarmup, LearningRateSchedule.InverseSquareRoot,
        LearningRateSchedule.CosineWithRestarts(3), LearningRateSchedule.CosineWithMinimum(0.125), LearningRateSchedule.Polynomial(2, 1e-6), LearningRateSchedule.WarmupStableDecay(7),
    ];

    private static readonly double[] s_numbers = [0.1, 2e-5, 1e-8, 3, -2.5, 1.0 / 3, 1e300, 5e9, double.Epsilon, double.NaN, double.NegativeInfinity];

    /// <summary>Whether an option has to be given.</summary>
    public static bool IsRequired(PropertyInfo property) => property.IsDefined(typeof(RequiredMemberAttribute));

    /// <summary>A new object whose chosen options have other values than a new object has.</summary>
    public object Create(Type type, Func<PropertyInfo, bool> choose)
    {
        object created = Activator.CreateInstance(type, nonPublic: true)!;
        foreach (PropertyInfo property in CSharpInitializer.Settings(type).Where(choose))
        {
            if (property.SetMethod is null)
            {
                IDictionary entries = (IDictionary)property.GetValue(created)!;
                entries[Text()] = Text();
                continue;
            }
            object? before = property.GetValue(created), value = before;
            for (int attempt = 0; attempt < 100 && Same(before, value); attempt++)
            {
                value = Value(property.PropertyType);
            }
            Assert.False(Same(before, value), $"no other value for {property.Name}");
            property.SetValue(created, value);
        }
        return created;
    }

    /// <summary>Whether two values are equal in all that code can hold.</summary>
    public static bool Same(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (LearningRateSchedule a, LearningRateSchedule b) => a.Name == b.Name && Enumerable.Range(0, 40).All(step => a.RateAt(0.1, step, 5, 40).Equals(b.RateAt(0.1, step, 5, 40))),
        (string a, string b) => a == b,
        (IDictionary a, IDictionary b) => a.Count == b.Count && a.Keys.Cast<object>().All(key => b.Contains(key) && Same(a[key], b[key])),
        (IEnumerable a, IEnumerable b) => a.Cast<object>().ToArray() is var one && b.Cast<object>().ToArray() is var other && one.Length == other.Length && one.Zip(other).All(pair => Same(pair.First, pair.Second)),
        _ when left.GetType() != right.GetType() => false,
        _ when left.GetType().IsPrimitive || left is Enum or TimeSpan => left.Equals(right),
        _ => CSharpInitializer.Settings(left.GetType()).All(property => Same(property.GetValue(left), property.GetValue(right))),
    };

    private string Text() => Texts[random.Next(Texts.Count)] + random.Next(3);

    private object? Value(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return random.Next(5) == 0 ? null : Value(underlying);
        }
        if (OptionValue.ElementOf(type) is { } element)
        {
            Array list = Array.CreateInstance(element, random.Next(4));
            for (int index = 0; index < list.Length; index++)
            {
                list.SetValue(Value(element), index);
            }
            return list;
        }
        if (OptionValue.MappedOf(type) is { } mapped)
        {
            IDictionary entries = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), mapped))!;
            for (int index = 0; index < random.Next(1, 7); index++)
            {
                entries[Text()] = Value(mapped);
            }
            return entries;
        }
        if (type.IsEnum)
        {
            Array values = Enum.GetValues(type);
            object Any() => values.GetValue(random.Next(values.Length))!;
            return type.IsDefined(typeof(FlagsAttribute), false) ? Enum.ToObject(type, Convert.ToInt64(Any(), null) | Convert.ToInt64(Any(), null)) : random.Next(10) == 0 ? Enum.ToObject(type, 77) : Any();
        }
        return type == typeof(string) ? Text()
            : type == typeof(bool) ? random.Next(2) == 0
            : type == typeof(int) ? random.Next(-5, int.MaxValue)
            : type == typeof(long) ? random.NextInt64(-5, long.MaxValue)
            : type == typeof(double) ? s_numbers[random.Next(s_numbers.Length)]
            : type == typeof(TimeSpan) ? new[] { TimeSpan.FromTicks(random.NextInt64(1L << 50)), TimeSpan.FromHours(2), TimeSpan.FromMinutes(90), TimeSpan.FromSeconds(-1), TimeSpan.Zero }[random.Next(5)]
            : type == typeof(LearningRateSchedule) ? s_schedules[random.Next(s_schedules.Length)]
            : Create(type, property => IsRequired(property) || random.Next(2) == 0);
    }
}
