using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>A safetensors file, mapped into memory: tensors are views of the file, read from disk when they are first touched.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private const long LargestRead = 1 << 26;

    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly string _name;
    private readonly bool _isMapped;
    private Action? _release;
    private byte* _content;

    private SafetensorsFile(byte* content, long length, string name, bool isMapped, Action release)
    {
        _content = content;
        _name = name;
        _isMapped = isMapped;
        _release = release;
        ReadOnlySpan<byte> prefix = new(content, (int)Math.Min(length, SafetensorsHeader.PrefixLength));
        int headerLength = SafetensorsHeader.ReadLength(prefix, length, name);
        byte[] json = new ReadOnlySpan<byte>(content + SafetensorsHeader.PrefixLength, headerLength).ToArray();
        (List<SafetensorsEntry> entries, Dictionary<string, string> metadata) = SafetensorsHeader.Parse(json, length, name);
        _entries = entries.ToDictionary(entry => entry.Name);
        Metadata = metadata;
    }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    /// <summary>The free texts of the header, such as <c>format</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or hostile; names file, tensor and offset.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file '{path}'.", path);
        }

        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (stream.Length < SafetensorsHeader.PrefixLength)
        {
            // An empty file cannot be mapped.
            throw new InvalidDataException($"'{path}' is no safetensors file: it has {stream.Length} bytes, and the length of the header alone takes {SafetensorsHeader.PrefixLength}.");
        }
        long length = stream.Length;
        using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        MemoryMappedViewAccessor view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        return Create(pointer + view.PointerOffset, length, path, isMapped: true, () =>
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
        });
    }

    /// <summary>Reads a file that is in memory already, such as a part of a zip; the array is kept, not copied.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">Name for errors.</param>
    /// <exception cref="InvalidDataException">The content is damaged or hostile; names tensor and offset.</exception>
    public static SafetensorsFile Parse(byte[] content, string name)
    {
        GCHandle handle = GCHandle.Alloc(content, GCHandleType.Pinned);
        return Create((byte*)handle.AddrOfPinnedObject(), content.LongLength, name, isMapped: false, handle.Free);
    }

    /// <summary>A tensor over the file's bytes; nothing is copied unless they are not aligned for the type.</summary>
    /// <remarks>The tensor must not be written to, and not be used after this object is disposed.</remarks>
    /// <exception cref="KeyNotFoundException">The file has no such tensor; names file and key.</exception>
    public Tensor Read(string name)
    {
        ObjectDisposedException.ThrowIf(_release is null, this);
        SafetensorsEntry entry = Find(name);
        long[] shape = [.. entry.Shape];
        if (entry.Length == 0)
        {
            return empty(shape, dtype: entry.Type);
        }

        byte* data = _content + entry.Offset;
        if ((nuint)data % (nuint)SafetensorsTypes.Describe(entry.Type).Size == 0)
        {
            return Aten.FromPointer(data, shape, entry.Type);
        }
        using Tensor bytes = Aten.FromPointer(data, [entry.Length], ScalarType.Byte);
        using Tensor aligned = bytes.clone();
        using Tensor elements = Aten.Reinterpret(aligned, entry.Type);
        return elements.view(shape);
    }

    /// <summary>
    /// A tensor in memory of its own, read from the file itself. Pages of a mapping that were touched count as memory of the process, so that converting a whole checkpoint
    /// through it would take all of its size.
    /// </summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor; names file and key.</exception>
    /// <exception cref="InvalidDataException">The file has become shorter since it was opened.</exception>
    public Tensor ReadApart(string name)
    {
        ObjectDisposedException.ThrowIf(_release is null, this);
        SafetensorsEntry entry = Find(name);
        Tensor result = empty([.. entry.Shape], dtype: entry.Type);
        if (!_isMapped || entry.Length == 0)
        {
            using Tensor own = Read(name);
            result.copy_(own);
            return result;
        }
        byte* data = Aten.Address<byte>(result);
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(_name, share: FileShare.Read | FileShare.Delete);
        for (long done = 0; done < entry.Length;)
        {
            int count = RandomAccess.Read(file, new Span<byte>(data + done, (int)Math.Min(LargestRead, entry.Length - done)), entry.Offset + done);
            done += count > 0 ? count : throw new InvalidDataException($"'{_name}' ends within the tensor '{name}'; it has become shorter since it was opened.");
        }
        return result;
    }

    /// <summary>Gives the memory of a tensor's mapped pages back: for one that is not going to be read again soon. It stays valid.</summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor; names file and key.</exception>
    public void Release(string name)
    {
        SafetensorsEntry entry = Find(name);
        if (_isMapped && _content is not null)
        {
            MappedPages.Release(_content + entry.Offset, entry.Length);
        }
    }

    /// <summary>What the header says of a tensor.</summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor; names file and key.</exception>
    public SafetensorsEntry Find(string name)
        => _entries.TryGetValue(name, out SafetensorsEntry? entry) ? entry : throw new KeyNotFoundException($"'{_name}' has no tensor '{name}'; it has {_entries.Count} others.");

    /// <summary>Ends the mapping. Tensors over it must not be used any more.</summary>
    public void Dispose()
    {
        _release?.Invoke();
        _release = null;
        _content = null;
    }

    private static SafetensorsFile Create(byte* content, long length, string name, bool isMapped, Action release)
    {
        try
        {
            return new SafetensorsFile(content, length, name, isMapped, release);
        }
        catch
        {
            release();
            throw;
        }
    }
}
