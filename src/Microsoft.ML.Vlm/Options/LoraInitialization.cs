namespace Microsoft.ML.Vlm;

/// <summary>How the matrices A and B of a low-rank adapter begin. The names in brackets are PEFT's.</summary>
public enum LoraInitialization
{
    /// <summary>A uniform within 1/sqrt(inputs), which is He's initialization with a = sqrt(5); B zero (<c>true</c>).</summary>
    Kaiming,

    /// <summary>A normal with deviation 1/rank; B zero (<c>gaussian</c>).</summary>
    Gaussian,

    /// <summary>Both random, on orthogonal subspaces, so that their product is zero (<c>orthogonal</c>). Needs even ranks.</summary>
    Orthogonal,

    /// <summary>
    /// The weight's largest singular values and vectors (<c>pissa</c>; Meng et al. 2024). Training moves them while the rest of the weight stays; a saved adapter is
    /// converted to a plain one of twice the rank, which PEFT puts on the unchanged base model.
    /// </summary>
    Pissa,

    /// <summary>The first columns of the weight's QR decomposition (<c>olora</c>; Büyükakyüz 2024); saved as for <see cref="Pissa"/>.</summary>
    Olora,
}
