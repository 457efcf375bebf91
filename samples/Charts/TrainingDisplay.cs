using System.Globalization;
using Microsoft.ML.Vlm;
using Spectre.Console;

namespace Charts;

/// <summary>Shows how far training is: a bar on a terminal, a line now and then elsewhere.</summary>
internal static class TrainingDisplay
{
    private const int Lines = 20;

    /// <summary>Runs a training that reports to the function it is given.</summary>
    /// <param name="losses">Gets every reported loss.</param>
    /// <param name="train">The training.</param>
    public static T Run<T>(ICollection<LossPoint> losses, Func<Action<VlmTrainingMetrics>, T> train)
    {
        T Keep(Action<VlmTrainingMetrics> show) => train(metrics =>
        {
            losses.Add(new LossPoint(metrics.Step, metrics.Loss));
            show(metrics);
        });
        return Console.IsOutputRedirected ? Keep(CreateLineWriter()) : RunWithBar(Keep);
    }

    private static T RunWithBar<T>(Func<Action<VlmTrainingMetrics>, T> train)
        => AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask bar = context.AddTask("Training");
                return train(metrics =>
                {
                    bar.MaxValue = metrics.TotalSteps;
                    bar.Value = metrics.Step;
                    bar.Description = Describe(metrics);
                });
            });

    private static Action<VlmTrainingMetrics> CreateLineWriter()
    {
        int shown = 0;
        return metrics =>
        {
            int line = metrics.Step * Lines / metrics.TotalSteps;
            if (line > shown)
            {
                shown = line;
                Console.WriteLine($"  {Describe(metrics)}");
            }
        };
    }

    private static string Describe(VlmTrainingMetrics metrics)
        => string.Create(CultureInfo.InvariantCulture, $"step {metrics.Step} of {metrics.TotalSteps}, loss {metrics.Loss:0.000}, {metrics.ElapsedSeconds:0} s");
}
