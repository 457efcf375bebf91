using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.Vlm.Tests;

/// <summary>Compares numbers up to an absolute difference.</summary>
internal sealed class Tolerance(float absolute) : IEqualityComparer<float>
{
    public bool Equals(float x, float y) => x == y || Math.Abs(x - y) <= absolute || (float.IsNaN(x) && float.IsNaN(y));

    public int GetHashCode([DisallowNull] float value) => 0;
}
