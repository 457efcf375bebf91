using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Log-probabilities under a reference in a file: those of a run folder, which later runs find, or those of a checkpoint, with which a run goes on.</summary>
/// <remarks>
/// A pair is found by the hash of its tokens and images as the processor made them; a file of another base model, adapter, number format or processor counts as none, and so does
/// one that is damaged. From an earlier run a pair is taken only within the batch that it was computed in: in another one its last bits would be others, and what lies in a
/// folder must not change the bits of a run.
/// </remarks>
/// <param name="path">The file; need not be there.</param>
/// <param name="identity">Names what the values follow from besides the pairs.</param>
/// <param name="say">Gets a sentence about what was found; null for none.</param>
internal sealed class ReferenceFile(string path, string identity, Action<string>? say = null)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "reference_log_probs.safetensors";

    private const string KeysName = "pairs";
    private const string PackingsName = "batches";
    private const string SumsName = "log_probs";
    private const string IdentityKey = "reference";
    private const string ChecksumKey = "xxh128";
    private const int HashBytes = 16;

    private readonly IReadOnlyDictionary<UInt128, PairSums> _earlier = Read(path, identity, say) ?? new Dictionary<UInt128, PairSums>();

    /// <summary>Pairs of earlier runs.</summary>
    public int Count => _earlier.Count;

    /// <summary>The values of all pairs of a batch that an earlier run computed as this same batch; else null.</summary>
    /// <param name="keys">The pairs.</param>
    /// <param name="packing">The batch.</param>
    public PairSums[]? Find(IReadOnlyList<UInt128> keys, UInt128 packing)
        => keys.All(key => _earlier.TryGetValue(key, out PairSums sums) && sums.Packing == packing) ? [.. keys.Select(key => _earlier[key])] : null;

    /// <summary>Writes the values of this run, and those of earlier runs of which it has none, under a temporary name and renames the file.</summary>
    public void Write(IReadOnlyDictionary<UInt128, PairSums> known)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Write(path, identity, known.Concat(_earlier.Where(pair => !known.ContainsKey(pair.Key))));
    }

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">Names what the values follow from besides the pairs.</param>
    /// <param name="values">Values by pair.</param>
    public static void Write(string path, string identity, IEnumerable<KeyValuePair<UInt128, PairSums>> values)
    {
        using var scope = NewDisposeScope();
        KeyValuePair<UInt128, PairSums>[] rows = [.. values.OrderBy(pair => pair.Key)];
        if (rows.Length == 0)
        {
            return;
        }
        Tensor keys = Hashes(rows.Select(pair => pair.Key)), packings = Hashes(rows.Select(pair => pair.Value.Packing));
        Tensor sums = tensor([.. rows.SelectMany(pair => new[] { pair.Value.Chosen, pair.Value.Rejected })]).view(-1, 2);
        SafetensorsWriter.Write(
            path, [new(KeysName, keys), new(PackingsName, packings), new(SumsName, sums)],
            new Dictionary<string, string> { [IdentityKey] = identity, [ChecksumKey] = Checksum(keys, packings, sums) });
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">What its values have to follow from.</param>
    /// <param name="say">Gets a sentence about what was found; null for none.</param>
    /// <returns>Values by pair; null when there is no file, or it is damaged or of another identity.</returns>
    public static IReadOnlyDictionary<UInt128, PairSums>? Read(string path, string identity, Action<string>? say = null)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        Dictionary<UInt128, PairSums>? found = ReadWhole(path, identity, out string fault);
        say?.Invoke(found is null
            ? $"'{path}' {fault}: the reference is computed anew."
            : $"'{path}' has the reference's log-probabilities of {found.Count:N0} pairs; those that come in the same batches are not computed again.");
        return found;
    }

    private static Dictionary<UInt128, PairSums>? ReadWhole(string path, string identity, out string fault)
    {
        fault = "is damaged";
        try
        {
            using var scope = NewDisposeScope();
            using SafetensorsFile file = SafetensorsFile.Parse(File.ReadAllBytes(path), path);
            SafetensorsEntry keys = file.Find(KeysName), packings = file.Find(PackingsName), sums = file.Find(SumsName);
            if (keys.Type != ScalarType.Byte || packings.Type != ScalarType.Byte || sums.Type != ScalarType.Float32
                || keys.Shape is not [long count, HashBytes] || !packings.Shape.SequenceEqual(keys.Shape) || !sums.Shape.SequenceEqual([count, 2]))
            {
                return null;
            }
            Tensor[] tensors = [file.Read(KeysName), file.Read(PackingsName), file.Read(SumsName)];
            if (file.Metadata.GetValueOrDefault(ChecksumKey) != Checksum(tensors))
            {
                return null;
            }
            if (file.Metadata.GetValueOrDefault(IdentityKey) != identity)
            {
                fault = "is of another base model, adapter or number format";
                return null;
            }
            UInt128[] pairs = HashesOf(tensors[0]), batches = HashesOf(tensors[1]);
            float[] values = tensors[2].data<float>().ToArray();
            return Enumerable.Range(0, pairs.Length).ToDictionary(index => pairs[index], index => new PairSums(values[2 * index], values[(2 * index) + 1], batches[index]));
        }
        catch (Exception exception) when (exception is InvalidDataException or KeyNotFoundException or IOException or ArgumentException)
        {
            return null;
        }
    }

    private static Tensor Hashes(IEnumerable<UInt128> hashes)
    {
        UInt128[] all = [.. hashes];
        return tensor(MemoryMarshal.AsBytes(all.AsSpan()).ToArray()).view(-1, HashBytes);
    }

    private static UInt128[] HashesOf(Tensor bytes) => MemoryMarshal.Cast<byte, UInt128>(bytes.data<byte>().ToArray()).ToArray();

    private static string Checksum(params Tensor[] tensors)
    {
        XxHash128 hasher = new();
        foreach (Tensor tensor in tensors)
        {
            hasher.Append(Aten.Elements<byte>(Aten.Reinterpret(tensor.contiguous().view(-1), ScalarType.Byte)));
        }
        return hasher.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }
}
