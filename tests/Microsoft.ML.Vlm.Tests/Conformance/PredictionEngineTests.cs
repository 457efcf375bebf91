using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class PredictionEngineTests : IDisposable
{
    private static readonly PredictionEngineOptions s_shared = new() { OwnsTransformer = false };

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(8);

    [Fact]
    public void An_engine_predicts_what_a_transform_computes()
    {
        using TransformerChain<VlmTransformer> model = Fit();
        ColorData.Answer[] expected = model.Answers(_ml, _data.Load(_ml));
        using PredictionEngine<ColorData.Row, ColorData.Answer> engine = _ml.Model.CreatePredictionEngine<ColorData.Row, ColorData.Answer>(model, s_shared);

        ColorData.Answer[] answers = [.. _data.Rows.Select(engine.Predict)];

        Assert.Equal(expected.Select(answer => answer.Response), answers.Select(answer => answer.Response));
        Assert.All(expected.Zip(answers), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-4));
    }

    [Fact]
    public void An_engine_that_owns_the_transformer_disposes_it_and_every_entry_says_so()
    {
        TransformerChain<VlmTransformer> chain = Fit();
        VlmTransformer model = chain.FindVlm();
        IDataView data = _data.LoadWithImages(_ml);
        IDataView before = model.Transform(data);
        _ml.Model.CreatePredictionEngine<ColorData.Row, ColorData.Answer>(chain).Dispose();

        void refuses(Action entry) => Assert.Equal(nameof(VlmTransformer), Assert.Throws<ObjectDisposedException>(entry).ObjectName);
        refuses(() => model.Transform(data));
        refuses(() => Assert.Empty(before.GetColumn<string>("Response")));
        refuses(() => model.Generate("which color?"));
        refuses(() => model.Score("which color?", null, "red"));
        refuses(() => model.SaveAdapter(_data.Path("adapter")));
        refuses(() => _ml.Model.Save(model, null, _data.Path("model.zip")));
        model.Dispose();
    }

    [Fact]
    public void A_shared_transformer_outlives_its_engines()
    {
        using TransformerChain<VlmTransformer> model = Fit();
        _ml.Model.CreatePredictionEngine<ColorData.Row, ColorData.Answer>(model, s_shared).Dispose();

        Assert.Equal(8, model.Answers(_ml, _data.Load(_ml)).Length);
    }

    [Fact]
    public void Transformers_of_one_folder_share_the_base_and_keep_their_own_adapters()
    {
        using TransformerChain<VlmTransformer> first = Fit();
        ColorData.Answer[] expected = first.Answers(_ml, _data.Load(_ml));
        TransformerChain<VlmTransformer> second = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.Seed, o.MaxSteps) = (9, 5)))).Fit(_data.Load(_ml));
        ColorData.Answer[] other = second.Answers(_ml, _data.Load(_ml));

        VlmOptions.AssertSame(expected, first.Answers(_ml, _data.Load(_ml)));
        Assert.NotEqual(expected.Select(answer => answer.Score), other.Select(answer => answer.Score));
        second.Dispose();
        VlmOptions.AssertSame(expected, first.Answers(_ml, _data.Load(_ml)));
    }

    [Fact]
    public void Four_engines_on_four_threads_agree()
    {
        using TransformerChain<VlmTransformer> model = Fit();
        ColorData.Answer[] expected = model.Answers(_ml, _data.Load(_ml));

        string[][] answers = new string[4][];
        Parallel.For(0, 4, index =>
        {
            using PredictionEngine<ColorData.Row, ColorData.Answer> engine = new MLContext().Model.CreatePredictionEngine<ColorData.Row, ColorData.Answer>(model, s_shared);
            answers[index] = [.. _data.Rows.Select(row => engine.Predict(row).Response)];
        });

        Assert.All(answers, texts => Assert.Equal(expected.Select(answer => answer.Response), texts));
    }

    public void Dispose() => _data.Dispose();

    private TransformerChain<VlmTransformer> Fit() => _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick())).Fit(_data.Load(_ml));
}
