using System.Xml.Linq;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed class RunCurvesTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void A_run_is_drawn_and_written()
    {
        RunCurves curves = new("loss", "mean_token_accuracy", "missing");
        Assert.Equal(("", ""), (curves.ToSvg(), curves.ToString()));
        curves.Start(RunSamples.Start());
        foreach ((int step, double loss) in (ReadOnlySpan<(int, double)>)[(10, 4), (20, 2), (30, 0.5)])
        {
            curves.Log(RunSamples.Metrics(step, loss));
        }
        curves.Log(RunSamples.Evaluation(30, 1));
        curves.Finish(RunState.Finished);

        Assert.Equal("loss (training): 4 █▄▁ 0.5, step 10 to 30\nloss (evaluation): 1 ▁ 1, step 30 to 30\nmean_token_accuracy (evaluation): 0.75 ▁ 0.75, step 30 to 30", curves.ToString());
        XElement svg = XElement.Parse(((INotebookOutput)curves).ToNotebook(NotebookFormats.Svg)!);
        Assert.Equal(s_svg + "svg", svg.Name);
        Assert.Equal("880", svg.Attribute("width")!.Value);
        Assert.Equal(["loss", "mean_token_accuracy"], svg.Elements(s_svg + "svg").Select(chart => chart.Attribute("aria-label")!.Value));
        Assert.Equal([4, 1], svg.Elements(s_svg + "svg").Select(chart => chart.Elements(s_svg + "circle").Count()));

        // It needs nothing from around it.
        Assert.DoesNotContain("href", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_next_run_begins_anew()
    {
        RunCurves curves = new();
        curves.Start(RunSamples.Start());
        curves.Log(RunSamples.Metrics(10, 4));
        curves.Start(RunSamples.Start());
        curves.Log(RunSamples.Metrics(10, 3));
        Assert.Equal("loss (training): 3 ▁ 3, step 10 to 10", curves.ToString());
        Assert.Throws<ArgumentException>(() => new RunCurves([]));
    }
}
