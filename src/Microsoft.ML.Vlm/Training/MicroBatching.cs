namespace Microsoft.ML.Vlm.Training;

/// <summary>Cuts a sequence of rows into what is computed at once.</summary>
internal static class MicroBatching
{
    /// <summary>
    /// Lists of <see cref="TrainingSettings.BatchSize"/> rows; or, with <see cref="TrainingSettings.MaxTokensPerBatch"/>, each of as many rows as fit, where a row that is longer
    /// than that alone stands alone. No row is left out but those of a short last list with <see cref="TrainingSettings.DropLast"/>.
    /// </summary>
    /// <param name="rows">The rows, in order.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="settings">Sizes.</param>
    public static IEnumerable<T[]> Cut<T>(IEnumerable<T> rows, Func<T, int> length, TrainingSettings settings)
    {
        if (settings.MaxTokensPerBatch is not int most)
        {
            return rows.Chunk(settings.BatchSize).Where(batch => !settings.DropLast || batch.Length == settings.BatchSize);
        }
        return CutByTokens(rows, length, most);
    }

    private static IEnumerable<T[]> CutByTokens<T>(IEnumerable<T> rows, Func<T, int> length, int most)
    {
        List<T> batch = [];
        long tokens = 0;
        foreach (T row in rows)
        {
            int added = length(row);
            if (batch.Count > 0 && tokens + added > most)
            {
                yield return [.. batch];
                batch.Clear();
                tokens = 0;
            }
            batch.Add(row);
            tokens += added;
        }
        if (batch.Count > 0)
        {
            yield return [.. batch];
        }
    }
}
