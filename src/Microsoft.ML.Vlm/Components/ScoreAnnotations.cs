using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>What ML.NET's evaluators look for on a score column.</summary>
internal static class ScoreAnnotations
{
    /// <summary>The annotations as a promise.</summary>
    public static SchemaShape Promise() => new(AnnotationUtils.GetTrainerOutputAnnotation());

    /// <summary>A regression score in a set of its own, so that evaluators do not mix it with scores of earlier components.</summary>
    /// <param name="input">Schema to which the column is added.</param>
    public static DataViewSchema.Annotations Create(DataViewSchema input)
    {
        uint set = input.GetMaxAnnotationKind(out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1;
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(AnnotationUtils.Kinds.ScoreColumnSetId, AnnotationUtils.ScoreColumnSetIdType, (ref uint value) => value = set);
        Add(annotations, AnnotationUtils.Kinds.ScoreColumnKind, AnnotationUtils.Const.ScoreColumnKind.Regression);
        Add(annotations, AnnotationUtils.Kinds.ScoreValueKind, AnnotationUtils.Const.ScoreValueKind.Score);
        return annotations.ToAnnotations();
    }

    private static void Add(DataViewSchema.Annotations.Builder annotations, string kind, string text)
        => annotations.Add(kind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = text.AsMemory());
}
