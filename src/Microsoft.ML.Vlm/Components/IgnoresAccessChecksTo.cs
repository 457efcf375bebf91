using System.Runtime.CompilerServices;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

namespace System.Runtime.CompilerServices;

/// <summary>Lets this assembly use the internal members of another; the runtime knows the attribute by its name.</summary>
/// <remarks>
/// ML.NET leaves everything that saving a model needs internal. The compiler's half is <c>build/Publicize.targets</c>. Internal members are used in this
/// folder alone, which a test enforces, and another test resolves each of them in the ML.NET that is installed:
/// <c>ModelSaveContext</c>, <c>ModelLoadContext</c>, <c>VersionInfo</c> and <c>LoadableClass</c> (saving and loading), <c>SchemaShape</c>'s construction,
/// <c>AnnotationUtils</c> (score annotations), <c>CatalogUtils</c> (a catalog's environment), <c>IHostEnvironmentInternal</c> (the seed),
/// <c>HostEnvironmentBase</c> (warnings),
/// <c>Contracts</c> (errors, cancellation, log lines), <c>IRowMapper</c> (row by row mappings).
/// </remarks>
/// <param name="assemblyName">Simple name of the other assembly.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    /// <summary>Simple name of the other assembly.</summary>
    public string AssemblyName { get; } = assemblyName;
}
