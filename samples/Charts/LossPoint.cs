namespace Charts;

/// <summary>The loss around a step, in nats a trained token.</summary>
internal sealed record LossPoint(int Step, double Loss);
