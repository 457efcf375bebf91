using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>What is wrong is said before any work, with the place and the remedy.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly PairData _data = new(4);

    [Fact]
    public void Options_out_of_their_range_are_refused_by_name()
    {
        Refuses(options => options.Beta = 0, "Beta");
        Refuses(options => options.Beta = -0.1, "Beta");
        Refuses(options => options.Beta = double.NaN, "Beta");
        Refuses(options => options.LabelSmoothing = 0.5, "LabelSmoothing");
        Refuses(options => options.LengthAlpha = 1.5, "LengthAlpha");
        Refuses(options => options.DiscoPopTau = 0, "DiscoPopTau");
        Refuses(options => options.SimPoGamma = -1, "SimPoGamma");
        Refuses(options => options.ReferenceSyncSteps = 0, "ReferenceSyncSteps");
        Refuses(options => options.ReferenceMixupAlpha = 2, "ReferenceMixupAlpha");
        Refuses(options => options.DivergenceAlpha = double.PositiveInfinity, "DivergenceAlpha");
        Refuses(options => options.Divergence = (FDivergence)9, "Divergence");
        Refuses(options => options.LossTypes = [(DpoLossType)99], "LossTypes");
    }

    [Theory]
    [InlineData("losses", "LossTypes is empty")]
    [InlineData("weights", "1 LossTypes but 2 LossWeights")]
    [InlineData("exo", "LabelSmoothing, which is 0")]
    [InlineData("aot", "UseWeighting")]
    [InlineData("sync", "set Lora to null")]
    [InlineData("reference", "leave ReferenceModelPath null")]
    [InlineData("messages", "HasImplicitPrompt")]
    [InlineData("columns", "'Chosen' is named for two purposes")]
    [InlineData("model", "ModelPath")]
    public void Options_that_do_not_go_together_are_refused(string what, string expected)
    {
        VlmDpoEstimator.Options options = Options();
        switch (what)
        {
            case "losses": options.LossTypes = []; break;
            case "weights": options.LossWeights = [1, 2]; break;
            case "exo": options.LossTypes = [DpoLossType.ExoPair]; break;
            case "aot": (options.LossTypes, options.UseWeighting) = ([DpoLossType.Aot], true); break;
            case "sync": options.SyncReference = true; break;
            case "reference": (options.LossTypes, options.ReferenceModelPath) = ([DpoLossType.SimPo], "elsewhere"); break;
            case "messages": options.MessagesColumnName = "Messages"; break;
            case "columns": options.RejectedColumnName = "Chosen"; break;
            default: options.ModelPath = ""; break;
        }
        Assert.Contains(expected, Assert.ThrowsAny<ArgumentException>(() => new MLContext().Transforms.VlmDpo(options)).Message);
    }

    [Fact]
    public void A_missing_side_is_named()
        => Assert.Contains("Better", Assert.Throws<ArgumentOutOfRangeException>(() => Fit(options => options.ChosenColumnName = "Better")).Message);

    [Fact]
    public void Empty_answers_are_refused_with_their_rows()
    {
        (_data.Rows[1].Chosen, _data.Rows[3].Rejected) = ("", "  ");
        Assert.Contains("Rows 1, 3: the chosen or the rejected answer is empty", Assert.Throws<InvalidDataException>(() => Fit()).Message);
    }

    [Fact]
    public void Data_without_a_preference_is_refused()
    {
        foreach (PairData.Row row in _data.Rows)
        {
            row.Rejected = row.Chosen;
        }
        Assert.Contains("In all 4 rows", Assert.Throws<InvalidDataException>(() => Fit()).Message);
    }

    [Fact]
    public void A_conversation_with_plain_answers_is_refused()
    {
        _data.Rows[2].Prompt = """[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]""";
        Assert.Contains("Row 2: 'Prompt' holds a conversation, but 'Chosen' a plain text", Assert.Throws<InvalidDataException>(() => Fit()).Message);
    }

    [Fact]
    public void Plain_texts_have_no_implicit_prompt()
        => Assert.Contains("Row 0: 'Chosen' and 'Rejected' are no conversations", Assert.Throws<InvalidDataException>(() => Fit(options => options.HasImplicitPrompt = true)).Message);

    [Fact]
    public void Conversations_without_a_common_turn_have_no_prompt()
    {
        SetTurns("""[{"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}]""", """[{"role": "user", "content": "b"}, {"role": "assistant", "content": "y"}]""");
        Assert.Contains("no turn in common", Assert.Throws<InvalidDataException>(() => Fit(options => options.HasImplicitPrompt = true)).Message);
    }

    [Fact]
    public void Images_that_differ_between_the_sides_are_refused()
    {
        const string Image = """{"type": "image"}, {"type": "text", "text": "c"}""";
        SetTurns(
            $$"""[{"role": "user", "content": "a"}, {"role": "user", "content": [{{Image}}]}, {"role": "assistant", "content": "x"}]""",
            """[{"role": "user", "content": "a"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "y"}]""");
        Assert.Contains("one list of images", Assert.Throws<InvalidDataException>(() => Fit(options => options.HasImplicitPrompt = true)).Message);
    }

    [Fact]
    public void A_prompt_with_more_places_than_images_is_refused()
    {
        _data.Rows[1].Prompt = "<image> or <image>?";
        Assert.Contains("Row 1", Assert.Throws<InvalidDataException>(() => Fit()).Message);
    }

    [Fact]
    public void Data_without_rows_is_refused()
    {
        MLContext ml = new(seed: 1);
        IDataView none = ml.Data.SkipRows(_data.Load(ml), _data.Rows.Length);
        Assert.Contains("no rows", Assert.Throws<InvalidDataException>(() => ml.Transforms.VlmDpo(Options()).Fit(none)).Message);
    }

    public void Dispose() => _data.Dispose();

    private static VlmDpoEstimator.Options Options() => new() { ModelPath = TinyVlm.Folder, Lora = new LoraOptions { Rank = 2, Alpha = 4 }, BatchSize = 2, MaxSteps = 1 };

    private static void Refuses(Action<VlmDpoEstimator.Options> change, string name)
    {
        VlmDpoEstimator.Options options = Options();
        change(options);
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(options.Validate).ParamName);
    }

    private void SetTurns(string chosen, string rejected)
    {
        foreach (PairData.Row row in _data.Rows)
        {
            (row.Chosen, row.Rejected) = (chosen, rejected);
        }
    }

    private void Fit(Action<VlmDpoEstimator.Options>? change = null)
    {
        MLContext ml = new(seed: 1);
        VlmDpoEstimator.Options options = Options();
        change?.Invoke(options);
        ml.Transforms.VlmDpo(options).Fit(_data.Load(ml)).Dispose();
    }
}
