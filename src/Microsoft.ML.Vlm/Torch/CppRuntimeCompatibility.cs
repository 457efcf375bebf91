using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// Rewrites the one symbol of TorchSharp 0.107's native library that asks for GLIBCXX_3.4.32 (gcc 13), so that the library loads with gcc 12's runtime.
/// </summary>
/// <remarks>
/// The symbol is <c>std::ios_base_library_init()</c>: compilers of gcc 13 and later emit a reference to it in every file that includes
/// <c>iostream</c>; in older runtimes the streams initialize themselves. The reference is pointed at another function without
/// arguments that the library imports anyway (<c>std::chrono::steady_clock::now()</c>), and the version requirement is lowered to 3.4.30.
/// The layout of ELF files is described in the System V ABI, chapters 4 and 5, and the LSB's chapter on symbol versioning.
/// </remarks>
internal static class CppRuntimeCompatibility
{
    private const string NewSymbol = "_ZSt21ios_base_library_initv";
    private const string Stand = "_ZNSt6chrono3_V212steady_clock3nowEv";
    private const int DynamicSymbols = 11;
    private const int VersionNeeds = 0x6ffffffe;
    private const int VersionTable = 0x6fffffff;
    private const int SymbolSize = 24;

    /// <summary>Gives a copy of <paramref name="library"/> that gcc 12's C++ runtime accepts, or null if the file is not of the known form.</summary>
    public static byte[]? Relax(byte[] library)
    {
        try
        {
            byte[] copy = (byte[])library.Clone();
            return new Editor(copy).Relax() ? copy : null;
        }
        catch (Exception exception) when (exception is ArgumentOutOfRangeException or OverflowException)
        {
            return null;
        }
    }

    private readonly ref struct Editor(byte[] image)
    {
        private readonly Span<byte> _image = image;

        public bool Relax()
        {
            if (_image.Length < 64 || !_image[..6].SequenceEqual("\x7f\u0045LF\x02\x01"u8))
            {
                return false;
            }

            long sections = Int64(0x28);
            int sectionSize = UInt16(0x3A), count = UInt16(0x3C);
            long symbols = 0, symbolBytes = 0, names = 0, versions = 0, needs = 0;
            int needCount = 0;
            for (int index = 0; index < count; index++)
            {
                long section = sections + ((long)index * sectionSize);
                switch (Int32(section + 4))
                {
                    case DynamicSymbols:
                        symbols = Int64(section + 0x18);
                        symbolBytes = Int64(section + 0x20);
                        names = Int64(sections + ((long)Int32(section + 0x28) * sectionSize) + 0x18);
                        break;
                    case VersionTable:
                        versions = Int64(section + 0x18);
                        break;
                    case VersionNeeds:
                        needs = Int64(section + 0x18);
                        needCount = Int32(section + 0x2C);
                        break;
                }
            }

            return RedirectSymbol(symbols, symbolBytes, names, versions) && LowerRequirement(needs, needCount, names);
        }

        private bool RedirectSymbol(long symbols, long symbolBytes, long names, long versions)
        {
            long newSymbol = -1, stand = -1;
            for (long index = 0; index < symbolBytes / SymbolSize; index++)
            {
                long symbol = symbols + (index * SymbolSize);
                bool isImport = UInt16(symbol + 6) == 0;
                if (isImport && Is(names + Int32(symbol), NewSymbol))
                {
                    newSymbol = index;
                }
                else if (isImport && Is(names + Int32(symbol), Stand))
                {
                    stand = index;
                }
            }

            if (newSymbol < 0 || stand < 0)
            {
                return false;
            }

            Copy(symbols + (stand * SymbolSize), symbols + (newSymbol * SymbolSize), 4);
            Copy(versions + (stand * 2), versions + (newSymbol * 2), 2);
            return true;
        }

        private bool LowerRequirement(long needs, int needCount, long names)
        {
            long wanted = 0, available = 0;
            for (long need = needs; needCount > 0; needCount--)
            {
                long entry = need + Int32(need + 8);
                for (int left = UInt16(need + 2); left > 0; left--)
                {
                    long name = names + Int32(entry + 8);
                    wanted = Is(name, "GLIBCXX_3.4.32") ? entry : wanted;
                    available = Is(name, "GLIBCXX_3.4.30") ? entry : available;
                    entry += Int32(entry + 12);
                }
                need += Int32(need + 12);
            }

            if (wanted == 0 || available == 0)
            {
                return false;
            }

            Copy(available, wanted, 4);
            Copy(available + 8, wanted + 8, 4);
            return true;
        }

        private bool Is(long offset, string text)
        {
            Span<byte> expected = stackalloc byte[text.Length + 1];
            Encoding.ASCII.GetBytes(text, expected);
            expected[^1] = 0;
            return _image.Slice(checked((int)offset), expected.Length).SequenceEqual(expected);
        }

        private void Copy(long from, long to, int length)
            => _image.Slice(checked((int)from), length).CopyTo(_image[checked((int)to)..]);

        private long Int64(long offset) => BinaryPrimitives.ReadInt64LittleEndian(_image[checked((int)offset)..]);

        private int Int32(long offset) => BinaryPrimitives.ReadInt32LittleEndian(_image[checked((int)offset)..]);

        private ushort UInt16(long offset) => BinaryPrimitives.ReadUInt16LittleEndian(_image[checked((int)offset)..]);
    }
}
