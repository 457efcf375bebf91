using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Inspection;

/// <summary>Shows rows with what is trained on.</summary>
internal static class RowPreviewer
{
    /// <summary>The row's tokens, neighbours of one kind together.</summary>
    public static VlmRowPreview Show(VlmSample sample, VlmTokenizer tokenizer)
    {
        bool[] isImage = new bool[sample.Tokens.Length];
        foreach (ImageSpan span in sample.Spans)
        {
            Array.Fill(isImage, true, span.Start, span.Length);
        }
        Dictionary<int, string> answers = sample.Answers.Zip(NamesOf(sample)).ToDictionary(pair => pair.First.Start, pair => pair.Second);
        List<VlmPreviewSpan> spans = [];
        for (int start = 0, end; start < isImage.Length; start = end)
        {
            for (end = start + 1; end < isImage.Length && isImage[end] == isImage[start] && sample.IsTarget[end] == sample.IsTarget[start] && !answers.ContainsKey(end);)
            {
                end++;
            }
            string text = isImage[start] ? "<image>" : tokenizer.Decode(sample.Tokens[start..end], skipSpecialTokens: false);
            spans.Add(new VlmPreviewSpan(text, end - start, sample.IsTarget[start], isImage[start]) { AnswerName = answers.GetValueOrDefault(start) });
        }
        return new VlmRowPreview(sample.Row, spans);
    }

    private static string[] NamesOf(VlmSample sample) => sample.IsDesirable is { } isGood ? [isGood ? "good" : "bad", "another row's"] : ["chosen", "rejected"];
}
