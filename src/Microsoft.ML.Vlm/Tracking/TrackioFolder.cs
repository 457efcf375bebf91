namespace Microsoft.ML.Vlm.Tracking;

/// <summary>Where trackio keeps what is logged, found as trackio and huggingface_hub find it.</summary>
internal static class TrackioFolder
{
    /// <summary>The folder: <c>TRACKIO_DIR</c>, or <c>trackio</c> in <c>HF_HOME</c>, or in <c>huggingface</c> in the user's cache.</summary>
    /// <param name="variable">Value of an environment variable, or null.</param>
    public static string Find(Func<string, string?> variable)
    {
        if (variable("TRACKIO_DIR") is { Length: > 0 } folder)
        {
            return folder;
        }
        string cache = variable("XDG_CACHE_HOME") is { Length: > 0 } given ? given : "~/.cache";
        string home = variable("HF_HOME") is { Length: > 0 } huggingFace ? huggingFace : Path.Combine(cache, "huggingface");
        return Path.Combine(home == "~" || home.StartsWith("~/", StringComparison.Ordinal) ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + home[1..] : home, "trackio");
    }

    /// <summary>The folder name of a project: its letters, digits, hyphens and underscores, or <c>default</c>.</summary>
    public static string NameOf(string project)
    {
        string name = string.Concat(project.Where(c => char.IsLetterOrDigit(c) || c is '-' or '_'));
        return name.Length > 0 ? name : "default";
    }
}
