using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Rows of several data views, taking turns at random but always the same. Nothing is read before it is asked for; each part is read in its order.</summary>
internal sealed class MixtureDataView : IDataView
{
    private readonly IHost _host;
    private readonly IReadOnlyList<VlmMixturePart> _parts;
    private readonly Lazy<MixturePlan> _plan;

    /// <summary>Checks the parts; reads nothing.</summary>
    /// <exception cref="ArgumentException">There is no part, a fraction or weight is out of its range, or the parts have no column in common.</exception>
    public MixtureDataView(IHost host, IReadOnlyList<VlmMixturePart> parts, int seed)
    {
        _host = host;
        _parts = parts;
        Check(parts);
        Schema = Common(parts);
        _plan = new(() => MixturePlan.Create(parts, [.. parts.Select(part => DataViewSweep.CountRows(part.Data, host.CheckAlive))], seed));
    }

    /// <inheritdoc/>
    public DataViewSchema Schema { get; }

    /// <summary>False: the order is the mixture's own.</summary>
    public bool CanShuffle => false;

    /// <summary>Known when the parts know their rows, or have been counted.</summary>
    public long? GetRowCount() => _plan.IsValueCreated || _parts.All(part => part.Data.GetRowCount() is not null) ? _plan.Value.Rows : null;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        _host.CheckAlive();
        return new MixtureCursor(Schema, [.. _parts.Select(part => part.Data)], _plan.Value, [.. columnsNeeded.Select(column => column.Index)]);
    }

    /// <summary>One cursor: the order of the rows is one.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private static void Check(IReadOnlyList<VlmMixturePart> parts)
    {
        if (parts.Count == 0)
        {
            throw new ArgumentException("A mixture needs at least one part.", nameof(parts));
        }
        foreach (VlmMixturePart part in parts)
        {
            ArgumentNullException.ThrowIfNull(part.Data);
            if (part.Fraction is { } fraction && !(double.IsFinite(fraction) && fraction > 0) || part.Weight is { } weight && !(double.IsFinite(weight) && weight > 0))
            {
                throw new ArgumentOutOfRangeException(nameof(parts), $"Fraction is {part.Fraction} and weight {part.Weight} in a part of a mixture; give one of them, above 0.");
            }
            if (part.Fraction is not null && part.Weight is not null || part.Weight is null != parts[0].Weight is null)
            {
                throw new ArgumentException("Give every part of a mixture a Weight, or none; and no part both a Fraction and a Weight.", nameof(parts));
            }
        }
    }

    // Text rows and image rows mix: where a part has no images, its rows are without.
    private static DataViewSchema Common(IReadOnlyList<VlmMixturePart> parts)
    {
        DataViewSchema.Builder builder = new();
        DataViewSchema.Column[] all = [.. parts.SelectMany(part => part.Data.Schema.Where(column => !column.IsHidden)).DistinctBy(column => column.Name)];
        foreach (DataViewSchema.Column column in all)
        {
            DataViewSchema.Column?[] found = [.. parts.Select(part => part.Data.Schema.GetColumnOrNull(column.Name))];
            if (found.All(other => other is { } there ? there.Type.Equals(column.Type) : column.Type is ImageSequenceDataViewType))
            {
                builder.AddColumn(column.Name, column.Type);
            }
        }
        DataViewSchema schema = builder.ToSchema();
        return schema.Any(column => column.Type is TextDataViewType) ? schema : throw new ArgumentException(
            "The parts of the mixture have no text column in common: " + string.Join("; ", parts.Select(part => string.Join(", ", part.Data.Schema.Select(column => column.Name)))) + ".", nameof(parts));
    }
}
