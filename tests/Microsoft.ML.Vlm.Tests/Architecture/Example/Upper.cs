namespace Microsoft.ML.Vlm.Tests.Architecture.Example.Training;

/// <summary>A type of a higher floor, to be used where it must not be. It uses a lower one itself, which is allowed.</summary>
internal class Upper
{
    public Models.Plain? Allowed { get; set; }

    public static int Count() => 1;

    public static object Create<T>() => typeof(T);
}

internal interface IUpper;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class UpperAttribute : Attribute;
