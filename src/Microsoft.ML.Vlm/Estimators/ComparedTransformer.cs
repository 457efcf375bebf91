namespace Microsoft.ML.Vlm;

/// <summary>A model of a comparison.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Model">The model, or the chain it stands in.</param>
/// <param name="Vlm">The vision-language transformer in it.</param>
internal sealed record ComparedTransformer(string Name, ITransformer Model, VlmTransformer Vlm);
