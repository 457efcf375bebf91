using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Reading of a saved optimizer state, which comes from a file and may be another run's.</summary>
internal static class OptimizerState
{
    /// <summary>Kind of the entry that counts a parameter's steps.</summary>
    public const string StepKind = "step";

    /// <summary>Name of an entry.</summary>
    public static string Key(TrainableParameter parameter, string kind) => $"{parameter.Name}.{kind}";

    /// <summary>Copies a saved state over an optimizer's own, once all of it has been checked.</summary>
    /// <param name="own">What the optimizer's <c>ToTensors</c> gives.</param>
    /// <param name="saved">The saved state.</param>
    /// <exception cref="InvalidDataException">The names, shapes or types differ, or a count of steps is out of its range. Nothing was copied.</exception>
    public static void Load(IReadOnlyDictionary<string, Tensor> own, IReadOnlyDictionary<string, Tensor> saved)
    {
        using var frozen = no_grad();
        if (saved.Keys.FirstOrDefault(key => !own.ContainsKey(key)) is { } unknown)
        {
            throw new InvalidDataException(
                $"The saved optimizer state has an entry '{unknown}' that this run does not have. It belongs to another optimizer or to other trained weights.");
        }
        foreach ((string key, Tensor tensor) in own)
        {
            Check(key, tensor, saved.GetValueOrDefault(key));
        }
        foreach ((string key, Tensor tensor) in own)
        {
            tensor.copy_(saved[key]);
        }
    }

    private static void Check(string key, Tensor own, Tensor? saved)
    {
        if (saved is null)
        {
            throw new InvalidDataException($"The saved optimizer state has no entry '{key}'. It belongs to another optimizer or to other trained weights.");
        }
        if (saved.dtype != own.dtype || !saved.shape.SequenceEqual(own.shape))
        {
            throw new InvalidDataException(
                $"'{key}' of the saved optimizer state is {saved.dtype} [{string.Join(", ", saved.shape)}], but this run has {own.dtype} [{string.Join(", ", own.shape)}].");
        }
        if (key.EndsWith($".{StepKind}", StringComparison.Ordinal) && own.dtype == ScalarType.Int64 && saved.cpu().item<long>() is < 0 or > int.MaxValue)
        {
            throw new InvalidDataException($"'{key}' of the saved optimizer state is {saved.cpu().item<long>()}; a count of steps is 0 to {int.MaxValue}.");
        }
    }
}
