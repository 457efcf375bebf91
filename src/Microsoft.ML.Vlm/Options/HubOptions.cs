namespace Microsoft.ML.Vlm;

/// <summary>How the Hugging Face hub is reached. What is not given is taken from the environment, under the names that Python's client reads.</summary>
public sealed class HubOptions
{
    /// <summary>Address of the hub (<c>HF_ENDPOINT</c>), such as <c>https://huggingface.co</c>, which is the default.</summary>
    public string? Endpoint { get; set; }

    /// <summary>
    /// Token of an account (<c>token</c>, <c>hub_token</c>, <c>HF_TOKEN</c>, else the file that <c>HF_TOKEN_PATH</c> names, else <c>HF_HOME/token</c>). It goes to the
    /// endpoint alone, never to the host that a download is redirected to, and into no log or file.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>
    /// Folder of the cache, which is shared with Python (<c>cache_dir</c>, <c>HF_HUB_CACHE</c>, else <c>HF_HOME/hub</c>, else <c>XDG_CACHE_HOME/huggingface/hub</c>, else
    /// <c>~/.cache/huggingface/hub</c>).
    /// </summary>
    public string? CacheDirectory { get; set; }

    /// <summary>Whether nothing is asked of the hub and the cache alone is read (<c>local_files_only</c>, <c>HF_HUB_OFFLINE</c>, <c>TRANSFORMERS_OFFLINE</c>).</summary>
    public bool? IsOffline { get; set; }

    /// <summary>Longest wait for an answer or for the next bytes (<c>HF_HUB_ETAG_TIMEOUT</c>, <c>HF_HUB_DOWNLOAD_TIMEOUT</c>). Above 0; the default is 10 s.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Is told how far files are, a few times a second each, from several threads; null, the default, for none.</summary>
    public IProgress<HubProgress>? Progress { get; set; }
}
