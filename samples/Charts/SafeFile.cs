namespace Charts;

/// <summary>Writes files under a temporary name first, so that a run that breaks off leaves no half of one.</summary>
internal static class SafeFile
{
    /// <summary>Writes lines of text.</summary>
    public static void WriteLines(string path, IEnumerable<string> lines) => Write(path, temporary => File.WriteAllLines(temporary, lines));

    /// <summary>Writes a text.</summary>
    public static void WriteText(string path, string text) => Write(path, temporary => File.WriteAllText(temporary, text));

    /// <summary>Writes by a function that is given the temporary name.</summary>
    public static void Write(string path, Action<string> write)
    {
        // The extension stays last, as image encoders choose by it.
        string temporary = Path.ChangeExtension(path, $".writing{Path.GetExtension(path)}");
        write(temporary);
        File.Move(temporary, path, overwrite: true);
    }
}
