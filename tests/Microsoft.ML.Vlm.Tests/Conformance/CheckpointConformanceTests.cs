namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>The whole way through ML.NET with checkpoints as they are published: one file, shards, bfloat16, other families.</summary>
[Trait("Category", "Golden")]
public sealed class CheckpointConformanceTests : IDisposable
{
    private const string Checkpoints = "golden/checkpoints";

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(4);

    /// <summary>Folders in the older layout have no weights; the other families (Qwen, LLaVA, PaliGemma, Gemma) are not supported yet.</summary>
    public static TheoryData<string> Folders => Reference.Folders(
        Checkpoints, name => (name.StartsWith("smolvlm", StringComparison.Ordinal) || name.StartsWith("idefics3", StringComparison.Ordinal)) && !name.EndsWith("_legacy_layout", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Fit_save_load_and_answer(string name)
    {
        string zip = _data.Path("model.zip");
        IEstimator<ITransformer> pipeline = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick(Reference.Path(Checkpoints, name))));
        ITransformer model = pipeline.Fit(_data.Load(_ml));
        using VlmTransformer trained = model.FindVlm();
        ColorData.Answer[] expected = model.Answers(_ml, _data.Load(_ml));
        _ml.Model.Save(model, _data.Load(_ml).Schema, zip);

        MLContext fresh = new();
        ITransformer loaded = fresh.Model.Load(zip, out _);
        using VlmTransformer transformer = loaded.FindVlm();

        VlmOptions.AssertSame(expected, loaded.Answers(fresh, _data.Load(fresh)));
    }

    public void Dispose() => _data.Dispose();
}
