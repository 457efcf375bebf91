namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>The state of all random numbers: they are functions of the seed and of the place in the run (<see cref="RandomSeeds"/>).</summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Step">Steps done.</param>
internal sealed record RandomStateFile(int Seed, int Step);
