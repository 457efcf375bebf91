using System.Text;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Writes answers while they are made.</summary>
internal static class AnswerDisplay
{
    /// <summary>Writes an answer and ends the line.</summary>
    /// <param name="pieces">The answer's pieces.</param>
    /// <param name="output">Where.</param>
    /// <returns>The whole answer.</returns>
    public static string Stream(IAsyncEnumerable<string> pieces, TextWriter output)
    {
        StringBuilder answer = new();
        foreach (string piece in pieces.ToBlockingEnumerable())
        {
            answer.Append(piece);
            output.Write(piece);
            output.Flush();
        }
        output.WriteLine();
        return answer.ToString();
    }
}
