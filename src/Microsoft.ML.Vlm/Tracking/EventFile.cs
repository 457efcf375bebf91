using System.Buffers.Binary;
using System.Globalization;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>An event file of TensorBoard: records of TensorFlow (length, checksum, data, checksum), each an <c>Event</c> of tensorflow/core/util/event.proto.</summary>
internal sealed class EventFile : IDisposable
{
    private const int StringType = 7;
    private const int RedGreenBlue = 3;
    private const int SessionStart = 1;

    private readonly FileStream _file;

    /// <summary>Creates a file of a name that no other process uses.</summary>
    /// <param name="folder">Folder of the run; created if need be.</param>
    /// <param name="time">Now, in UTC.</param>
    public EventFile(string folder, DateTime time)
    {
        Directory.CreateDirectory(folder);
        string seconds = ((long)Seconds(time)).ToString("D10", CultureInfo.InvariantCulture);
        Path = System.IO.Path.Combine(folder, $"events.out.tfevents.{seconds}.{Environment.MachineName}.{Environment.ProcessId}.{Guid.NewGuid().ToString("N")[..8]}");
        _file = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        Write(Event(time, null).Text(3, "brain.Event:2"));
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Says that a run goes on: what earlier files have of this step and later ones is left out of the curves.</summary>
    public void WriteStart(DateTime time, int step) => Write(Event(time, step).Message(7, new ProtobufMessage().Integer(1, SessionStart)));

    /// <summary>Writes numbers.</summary>
    public void WriteScalars(DateTime time, int step, IEnumerable<KeyValuePair<string, double>> values)
    {
        ProtobufMessage summary = new();
        foreach ((string tag, double value) in values)
        {
            summary.Message(1, new ProtobufMessage().Text(1, tag).Single(2, (float)value));
        }
        Write(Event(time, step).Message(5, summary));
    }

    /// <summary>Writes a text, which is shown as Markdown.</summary>
    public void WriteText(DateTime time, int step, string tag, string text)
    {
        ProtobufMessage shape = new ProtobufMessage().Message(2, new ProtobufMessage().Integer(1, 1));
        ProtobufMessage tensor = new ProtobufMessage().Integer(1, StringType).Message(2, shape).Text(8, text);
        ProtobufMessage plugin = new ProtobufMessage().Message(1, new ProtobufMessage().Text(1, "text"));
        Write(Event(time, step).Message(5, new ProtobufMessage().Message(1, new ProtobufMessage().Text(1, tag).Message(9, plugin).Message(8, tensor))));
    }

    /// <summary>Writes a picture.</summary>
    /// <param name="time">When, in UTC.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="tag">Name.</param>
    /// <param name="png">A PNG file.</param>
    public void WriteImage(DateTime time, int step, string tag, byte[] png)
    {
        // Width and height stand behind signature, length and name of a PNG file's first block.
        ProtobufMessage image = new ProtobufMessage()
            .Integer(1, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))).Integer(2, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16))).Integer(3, RedGreenBlue).Bytes(4, png);
        Write(Event(time, step).Message(5, new ProtobufMessage().Message(1, new ProtobufMessage().Text(1, tag).Message(4, image))));
    }

    /// <summary>Puts what was written where other processes see it.</summary>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write(ProtobufMessage message)
    {
        byte[] data = message.ToArray();
        Span<byte> frame = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(frame, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], MaskedCrc32C.Of(frame[..8]));
        _file.Write(frame);
        _file.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, MaskedCrc32C.Of(data));
        _file.Write(frame[..4]);
    }

    private static ProtobufMessage Event(DateTime time, int? step)
    {
        ProtobufMessage message = new ProtobufMessage().Double(1, Seconds(time));
        return step is int done ? message.Integer(2, done) : message;
    }

    private static double Seconds(DateTime time) => (time - DateTime.UnixEpoch).TotalSeconds;
}
