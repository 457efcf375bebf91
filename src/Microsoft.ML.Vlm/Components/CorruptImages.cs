using System.Globalization;
using System.Text;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Looks for rows whose images cannot be decoded.</summary>
internal static class CorruptImages
{
    private const int ListedRows = 10;
    private const int BatchRows = 32;

    /// <summary>Decodes every image once, says in the log how many rows are left out and which, and writes them to the quarantine file where that is wanted.</summary>
    /// <param name="host">Shows warnings.</param>
    /// <param name="rows">The data.</param>
    /// <param name="options">What happens to the rows.</param>
    /// <returns>The rows that are left out, as places in the files.</returns>
    public static IReadOnlySet<long> Find(IHost host, LoadedRows rows, VlmDataOptions options)
    {
        MappedColumn[] images = [.. rows.Map.Columns.Where(column => column.IsRole && column.Form == ColumnForm.Images)];
        List<(VlmRejectedRow Row, string Texts)> rejected = [];
        if (images.Length > 0)
        {
            MappedColumn[] texts = options.CorruptImages != CorruptImagePolicy.Quarantine ? []
                : [.. rows.Map.Columns.Where(column => column.IsRole && column.Form is ColumnForm.Text or ColumnForm.Turns or ColumnForm.TurnsWithPlaces or ColumnForm.AnswerTurn)];
            using IRowReader reader = rows.Source.Open(images.Concat(texts).SelectMany(column => column.Sources).Select(source => source.Field).ToHashSet());
            long read = 0;
            ValueGetter<ImageSequence>[] getters = [.. images.Select(column => (ValueGetter<ImageSequence>)LoadedColumns.Getter(column, rows, reader, () => read))];
            List<Candidate> batch = [];
            for (; read < rows.RowCount && reader.MoveNext(); read++)
            {
                host.CheckAlive();
                batch.Add(Read(read, reader, getters, texts));
                if (batch.Count == BatchRows)
                {
                    rejected.AddRange(Decode(batch));
                    batch.Clear();
                }
            }
            rejected.AddRange(Decode(batch));
        }
        Report(host, rows, options, rejected);
        return rejected.Select(row => row.Row.Row).ToHashSet();
    }

    private static Candidate Read(long row, IRowReader reader, ValueGetter<ImageSequence>[] getters, MappedColumn[] texts)
    {
        string fields = JsonValues.ToJson(Record(texts.Select(column => (column.Name, column.Sources[0].ValueIn(reader.Read(column.Sources[0].Field))))));
        List<Func<PixelImage>> images = [];
        string? fault = null;
        try
        {
            foreach (ValueGetter<ImageSequence> getter in getters)
            {
                ImageSequence sequence = null!;
                getter(ref sequence);
                images.AddRange(sequence.Sources);
            }
        }
        catch (InvalidDataException error)
        {
            fault = error.Message;
        }
        return new(row, reader.Place, images, fields, fault);
    }

    private static IEnumerable<(VlmRejectedRow Row, string Texts)> Decode(List<Candidate> batch)
    {
        string?[] faults = new string?[batch.Count];
        Parallel.For(0, batch.Count, index => faults[index] = batch[index].Fault ?? FaultOf(batch[index].Images));
        return [.. batch.Select((candidate, index) => (new VlmRejectedRow(candidate.Row, candidate.Place, faults[index] ?? ""), candidate.Texts)).Where(pair => pair.Item1.Reason.Length > 0)];
    }

    private static string? FaultOf(IReadOnlyList<Func<PixelImage>> images)
    {
        try
        {
            foreach (Func<PixelImage> image in images)
            {
                image();
            }
            return null;
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    private static void Report(IHost host, LoadedRows rows, VlmDataOptions options, List<(VlmRejectedRow Row, string Texts)> rejected)
    {
        if (options.CorruptImages == CorruptImagePolicy.Quarantine)
        {
            Write(options.QuarantinePath, rejected);
        }
        foreach ((VlmRejectedRow row, _) in rejected)
        {
            options.RejectedRowCallback?.Invoke(row);
        }
        if (rejected.Count > 0)
        {
            using IChannel channel = host.Start("Images");
            StringBuilder text = new(string.Create(CultureInfo.InvariantCulture, $"{rejected.Count:N0} of {rows.RowCount:N0} rows of '{rows.Source.Name}' are left out because of their images"));
            text.Append(options.CorruptImages == CorruptImagePolicy.Quarantine ? $" and stand in '{options.QuarantinePath}': " : ": ");
            text.AppendJoin("; ", rejected.Take(ListedRows).Select(pair => pair.Row.ToString())).Append(rejected.Count > ListedRows ? "; ..." : ".");
            MLNetHost.Warning(channel, text.ToString());
        }
    }

    private static void Write(string path, List<(VlmRejectedRow Row, string Texts)> rejected)
    {
        AtomicFile.Write(path, temporary => File.WriteAllLines(temporary, rejected.Select(pair => JsonValues.ToJson(Record(
            [("row", pair.Row.Row), ("place", pair.Row.Place), ("reason", pair.Row.Reason)])).TrimEnd('}') + $",\"texts\":{pair.Texts}}}")));
    }

    private static DataRecord Record(IEnumerable<(string Name, object? Value)> fields)
    {
        DataRecord record = [];
        foreach ((string name, object? value) in fields)
        {
            record[name] = value;
        }
        return record;
    }

    private sealed record Candidate(long Row, string Place, IReadOnlyList<Func<PixelImage>> Images, string Texts, string? Fault);
}
