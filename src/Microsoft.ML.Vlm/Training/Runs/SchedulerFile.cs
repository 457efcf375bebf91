using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>The schedule of the learning rate as a checkpoint holds it. It is a function of the step, so this only makes sure that it is the same one.</summary>
/// <param name="Type">Name of the schedule.</param>
/// <param name="LastEpoch">Steps done, as torch's schedulers call it.</param>
/// <param name="LastLr">Rate of the next step.</param>
/// <param name="Rates">Hash of rates all over the run.</param>
internal sealed record SchedulerFile(string Type, int LastEpoch, double LastLr, string Rates)
{
    private const int MostProbes = 1024;

    /// <summary>The schedule of a run.</summary>
    public static SchedulerFile Of(TrainingRun run)
    {
        int probes = Math.Min(run.TotalSteps, MostProbes);
        byte[] rates = new byte[probes * sizeof(double)];
        for (int index = 0; index < probes; index++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(rates.AsSpan(index * sizeof(double)), run.LearningRateAt((int)((long)index * run.TotalSteps / probes)));
        }
        return new(run.Settings.Schedule.Name, run.State.Step, run.LearningRateAt(run.State.Step), Convert.ToHexStringLower(SHA256.HashData(rates)));
    }
}
