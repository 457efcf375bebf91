using Microsoft.ML.Vlm.Tests.Architecture.Example.Training;

namespace Microsoft.ML.Vlm.Tests.Architecture.Example.Models;

// One forbidden use each, named after the place of the use.
internal sealed class Plain;

internal sealed class AsBaseType : Upper;

internal sealed class AsInterface : IUpper;

[Upper]
internal sealed class AsAttribute;

internal sealed class AsConstraint<T>
    where T : Upper;

internal sealed class AsField(Upper held)
{
    public bool HasField => held is not null;
}

internal sealed class AsArrayElement
{
    public Upper[]? Array { get; set; }
}

internal sealed class AsTypeArgument
{
    public Dictionary<int, List<Upper>>? Map { get; set; }
}

internal static class AsParameter
{
    public static object Pass(Upper upper) => upper;
}

internal static class AsLocal
{
    public static string? Run(object value)
    {
        Upper? upper = value as Upper;
        return upper?.ToString();
    }
}

internal static class AsMethodArgument
{
    public static object Run() => Array.Empty<Upper>();
}

internal static class InStaticCall
{
    public static int Run() => Upper.Count();
}

internal static class InLambda
{
    public static Func<object> Run() => static () => new Upper();
}

internal static class InNestedType
{
    internal static class Nested
    {
        public static object Create() => Upper.Create<int>();
    }
}
