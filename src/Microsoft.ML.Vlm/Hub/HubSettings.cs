using System.Globalization;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Where the hub and its cache are, and who asks: options, filled up from the environment.</summary>
internal sealed class HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";
    private const long MaximumTokenFileBytes = 4096;
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(10);

    private HubSettings(Uri endpoint) => Endpoint = endpoint;

    /// <summary>Address of the hub, without a slash at its end.</summary>
    public Uri Endpoint { get; }

    /// <summary>The account's token, or null.</summary>
    public string? Token { get; private init; }

    /// <summary>Full path of the cache.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Whether nothing may be asked.</summary>
    public bool IsOffline { get; private init; }

    /// <summary>Whether snapshots may be links to blobs.</summary>
    public bool UsesSymlinks { get; private init; } = true;

    /// <summary>Longest wait for an answer.</summary>
    public TimeSpan AnswerTimeout { get; private init; }

    /// <summary>Longest wait for the next bytes of a file.</summary>
    public TimeSpan TransferTimeout { get; private init; }

    /// <summary>Is told how far files are; may be null.</summary>
    public IProgress<HubProgress>? Progress { get; private init; }

    /// <summary>Settles what options leave open.</summary>
    /// <param name="options">May be null.</param>
    /// <param name="environment">Reads a variable; null reads those of the process.</param>
    /// <exception cref="ArgumentException">An option or a variable has a value that cannot be; names it, but never the token.</exception>
    public static HubSettings From(HubOptions? options, Func<string, string?>? environment = null)
    {
        Func<string, string?> read = environment ?? Environment.GetEnvironmentVariable;
        string? Variable(string name) => read(name) is { } value && value.Trim().Length > 0 ? value.Trim() : null;
        string home = Variable("HF_HOME") is { } given
            ? Expand(given)
            : Path.Combine(Variable("XDG_CACHE_HOME") is { } cache ? Expand(cache) : Path.Combine(UserFolder(), ".cache"), "huggingface");
        string directory = options?.CacheDirectory ?? Variable("HF_HUB_CACHE") ?? Variable("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub");
        return new HubSettings(EndpointOf(options?.Endpoint ?? Variable("HF_ENDPOINT") ?? DefaultEndpoint))
        {
            Token = TokenOf(options?.Token ?? Variable("HF_TOKEN") ?? Variable("HUGGING_FACE_HUB_TOKEN") ?? ReadTokenFile(Variable("HF_TOKEN_PATH") is { } path ? Expand(path) : Path.Combine(home, "token"))),
            CacheDirectory = Path.GetFullPath(Expand(directory)),
            IsOffline = options?.IsOffline ?? (IsSet(Variable("HF_HUB_OFFLINE")) || IsSet(Variable("TRANSFORMERS_OFFLINE"))),
            UsesSymlinks = !IsSet(Variable("HF_HUB_DISABLE_SYMLINKS")),
            AnswerTimeout = options?.Timeout is { } both ? Positive(both, nameof(HubOptions.Timeout)) : Seconds("HF_HUB_ETAG_TIMEOUT", Variable("HF_HUB_ETAG_TIMEOUT")),
            TransferTimeout = options?.Timeout ?? Seconds("HF_HUB_DOWNLOAD_TIMEOUT", Variable("HF_HUB_DOWNLOAD_TIMEOUT")),
            Progress = options?.Progress,
        };
    }

    /// <summary>An address below the endpoint.</summary>
    /// <param name="path">Without a slash at its start; quoted already.</param>
    public Uri Address(string path) => new($"{Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    /// <summary>Whether an address is the endpoint's own host, which alone may see the token.</summary>
    public bool IsOwnHost(Uri address)
        => string.Equals(address.Scheme, Endpoint.Scheme, StringComparison.OrdinalIgnoreCase)
            && string.Equals(address.Host, Endpoint.Host, StringComparison.OrdinalIgnoreCase) && address.Port == Endpoint.Port;

    private static Uri EndpointOf(string text)
        => Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https" && endpoint.Query.Length == 0 && endpoint.UserInfo.Length == 0
            ? endpoint
            : throw new ArgumentException($"'{text}' is no address of a hub. Endpoint (HF_ENDPOINT) is an address such as '{DefaultEndpoint}', without question mark or user name.", nameof(text));

    private static string? TokenOf(string? text)
    {
        string? token = text?.Trim();
        return string.IsNullOrEmpty(token)
            ? null
            : token.All(sign => sign is > ' ' and < '\u007f')
                ? token
                : throw new ArgumentException("The hub's token has a blank, a line break or a letter in it that no token has. Check Token, HF_TOKEN or the token file.", nameof(text));
    }

    private static string? ReadTokenFile(string path)
    {
        try
        {
            FileInfo file = new(path);
            return file.Exists && file.Length <= MaximumTokenFileBytes ? File.ReadAllText(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static TimeSpan Seconds(string name, string? text)
        => text is null
            ? s_defaultTimeout
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 86_400
                ? TimeSpan.FromSeconds(seconds)
                : throw new ArgumentException($"The environment variable {name} is '{text}', which is no number of seconds above 0.", nameof(text));

    private static TimeSpan Positive(TimeSpan value, string name)
        => value > TimeSpan.Zero && value <= TimeSpan.FromDays(1) ? value : throw new ArgumentOutOfRangeException(name, value, "Above 0, and at most a day.");

    private static bool IsSet(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private static string Expand(string path)
        => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) || path.StartsWith("~\\", StringComparison.Ordinal) ? Path.Join(UserFolder(), path[1..]) : path;

    private static string UserFolder() => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
