using System.Reflection;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Options for quick runs.</summary>
internal static class VlmOptions
{
    /// <summary>Two steps on the tiny model, short answers.</summary>
    public static VlmSftEstimator.Options Quick(string? model = null) => new()
    {
        ModelPath = model ?? TinyVlm.Folder,
        Lora = new LoraOptions { Rank = 2, Alpha = 4 },
        BatchSize = 4,
        MaxSteps = 2,
        LearningRate = 0.01,
        LoggingSteps = 1,
        ScoringBatchSize = 4,
        Generation = new GenerationOptions { MaxNewTokens = 6 },
    };

    /// <summary>A model as it is, in the batches and with the answers of <see cref="Quick(string?)"/>.</summary>
    public static VlmScoringEstimator.Options Applied(string? model = null, string? adapter = null, int batchSize = 4) => new()
    {
        ModelPath = model ?? TinyVlm.Folder,
        AdapterPath = adapter,
        ScoringBatchSize = batchSize,
        Generation = new GenerationOptions { MaxNewTokens = 6 },
    };

    /// <summary><see cref="Quick(string?)"/>, changed.</summary>
    public static VlmSftEstimator.Options Quick(Action<VlmSftEstimator.Options> change)
    {
        VlmSftEstimator.Options options = Quick();
        change(options);
        return options;
    }

    /// <summary>Scores and responses of all rows.</summary>
    public static ColorData.Answer[] Answers(this ITransformer model, MLContext ml, IDataView data)
        => [.. ml.Data.CreateEnumerable<ColorData.Answer>(model.Transform(data), reuseRowObject: false)];

    /// <summary>The error that loading a zip ends with; ML.NET wraps it, once for each chain it is in, because it calls loaders by reflection.</summary>
    public static Exception LoadError(string zip)
    {
        Exception error = Assert.Throws<TargetInvocationException>(() => new MLContext().Model.Load(zip, out _));
        while (error is TargetInvocationException)
        {
            error = error.InnerException!;
        }
        return error;
    }

    /// <summary>Fails unless both are the same, bit by bit.</summary>
    public static void AssertSame(IReadOnlyList<ColorData.Answer> expected, IReadOnlyList<ColorData.Answer> actual)
    {
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Select(answer => answer.Response), actual.Select(answer => answer.Response));
        Assert.Equal(expected.Select(answer => answer.Score), actual.Select(answer => answer.Score));
        Assert.All(expected, answer => Assert.True(float.IsFinite(answer.Score)));
    }
}
