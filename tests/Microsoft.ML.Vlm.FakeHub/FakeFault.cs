namespace Microsoft.ML.Vlm.Fakes;

/// <summary>Something that goes wrong with the next requests of a kind.</summary>
/// <param name="When">Which requests.</param>
public sealed record FakeFault(Func<FakeRequest, bool> When)
{
    /// <summary>How often it goes wrong; afterwards all is well.</summary>
    public int Times { get; init; } = 1;

    /// <summary>Answers with this status.</summary>
    public int? Status { get; init; }

    /// <summary>Headers that go with <see cref="Status"/>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Cuts the connection when so many bytes of the body have been sent.</summary>
    public long? CutAfter { get; init; }

    /// <summary>Sends nothing, until the other side gives up.</summary>
    public bool Stalls { get; init; }

    /// <summary>Sends so many bytes more, or less, than the file has, and says so in the head.</summary>
    public int ExtraBytes { get; init; }

    /// <summary>Changes a bit in the middle of the body.</summary>
    public bool FlipsBit { get; init; }

    /// <summary>Sends all of the file although a part was asked for.</summary>
    public bool IgnoresRange { get; init; }
}
