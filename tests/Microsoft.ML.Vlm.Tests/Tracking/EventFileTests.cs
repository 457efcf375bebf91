using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed class EventFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-events-").FullName;

    [Fact]
    public void Numbers_texts_and_pictures_can_be_read_back()
    {
        TensorBoardTracker tracker = new(_folder);
        tracker.Start(RunSamples.Start());
        tracker.Log(RunSamples.Metrics(10, 0.5));
        tracker.Log(RunSamples.Evaluation(10, 0.25));
        tracker.Log(RunSamples.Answers(10));
        tracker.Log(RunSamples.Answers(20, "five"));
        tracker.Log(RunSamples.Alert());
        tracker.Finish(RunState.Finished);

        string path = Assert.Single(Directory.GetFiles(Path.Combine(_folder, "run one")));
        Assert.StartsWith("events.out.tfevents.1772600767.", Path.GetFileName(path), StringComparison.Ordinal);
        List<Event> events = Read(path);
        Assert.Equal("brain.Event:2", events[0].Version);
        Assert.Equal(1772600767.25, events[0].Time);

        Event numbers = Assert.Single(events, entry => entry.Values.Any(value => value.Tag == "train/loss"));
        Assert.Equal(10, numbers.Step);
        Assert.Equal(1772600768.25, numbers.Time);
        Assert.Equal(0.5f, numbers.Values.Single(value => value.Tag == "train/loss").Number);
        Assert.Equal(2e-4f, numbers.Values.Single(value => value.Tag == "train/learning_rate").Number);
        Assert.Equal(1.5f, numbers.Values.Single(value => value.Tag == "system/memory_gib").Number);
        Assert.Equal(0.25f, events.SelectMany(entry => entry.Values).Single(value => value.Tag == "eval/loss").Number);

        Value[] answers = [.. events.SelectMany(entry => entry.Values).Where(value => value.Tag == "eval/answers/5")];
        Assert.Equal(["How many <b>bars</b>?\n\nanswer: four\n\nright: 4", "How many <b>bars</b>?\n\nanswer: five\n\nright: 4"], answers.Select(value => value.Text));
        Assert.All(answers, value => Assert.Equal("text", value.Plugin));
        Assert.Contains("| BatchSize | 8 |", events.SelectMany(entry => entry.Values).Single(value => value.Tag == "options").Text, StringComparison.Ordinal);
        Assert.Equal("3 rows had no token to train on.", events.SelectMany(entry => entry.Values).Single(value => value.Tag == "alerts/Warning").Text);

        // The picture stays the same, so it is written once.
        Value picture = Assert.Single(events.SelectMany(entry => entry.Values), value => value.Tag == "eval/images/5/0");
        Assert.Equal((4, 6), (picture.Height, picture.Width));
        Assert.Equal(RunSamples.Picture(), picture.Picture);
    }

    [Fact]
    public void A_resumed_run_gets_a_file_of_its_own_that_takes_the_place_of_what_it_does_again()
    {
        foreach (bool isResumed in new[] { false, true })
        {
            TensorBoardTracker tracker = new(_folder);
            tracker.Start(RunSamples.Start(isResumed));
            tracker.Log(RunSamples.Metrics(10, 0.5));
            tracker.Finish(RunState.Finished);
        }
        string[] files = Directory.GetFiles(Path.Combine(_folder, "run one"));
        Assert.Equal(2, files.Length);
        Event session = Assert.Single(files.SelectMany(Read), entry => entry.SessionStatus is not null);
        Assert.Equal((1, 10L), (session.SessionStatus, session.Step));
    }

    [Fact]
    public void Without_a_folder_events_go_beside_the_run()
    {
        TensorBoardTracker tracker = new(null);
        tracker.Start(RunSamples.Start(output: _folder));
        tracker.Finish(RunState.Failed);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "runs", "run one")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static List<Event> Read(string path)
    {
        List<Event> events = [];
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        while (rest.Length > 0)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(rest));
            Assert.Equal(Checksum(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            byte[] data = rest.Slice(12, length).ToArray();
            Assert.Equal(Checksum(data), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            events.Add(Parse<Event>(data, (message, field, input) =>
            {
                switch (field)
                {
                    case 1:
                        message.Time = input.ReadDouble();
                        break;
                    case 2:
                        message.Step = input.ReadInt64();
                        break;
                    case 3:
                        message.Version = input.ReadString();
                        break;
                    case 5:
                        Parse<Event>(input.ReadBytes().ToByteArray(), (_, inner, summary) => message.Values.Add(ReadValue(inner, summary)));
                        break;
                    default:
                        Assert.Equal(7, field);
                        Parse<Event>(input.ReadBytes().ToByteArray(), (_, _, session) => message.SessionStatus = session.ReadInt32());
                        break;
                }
            }));
            rest = rest[(16 + length)..];
        }
        return events;
    }

    private static Value ReadValue(int field, CodedInputStream summary)
    {
        Assert.Equal(1, field);
        return Parse<Value>(summary.ReadBytes().ToByteArray(), (value, inner, input) =>
        {
            switch (inner)
            {
                case 1:
                    value.Tag = input.ReadString();
                    break;
                case 2:
                    value.Number = input.ReadFloat();
                    break;
                case 4:
                    Parse<Value>(input.ReadBytes().ToByteArray(), (_, part, image) => ReadImage(value, part, image));
                    break;
                case 8:
                    Parse<Value>(input.ReadBytes().ToByteArray(), (_, part, tensor) => ReadTensor(value, part, tensor));
                    break;
                default:
                    Assert.Equal(9, inner);
                    Parse<Value>(input.ReadBytes().ToByteArray(), (_, _, data) => Parse<Value>(data.ReadBytes().ToByteArray(), (_, _, plugin) => value.Plugin = plugin.ReadString()));
                    break;
            }
        });
    }

    private static void ReadImage(Value value, int field, CodedInputStream image)
    {
        switch (field)
        {
            case 1:
                value.Height = image.ReadInt32();
                break;
            case 2:
                value.Width = image.ReadInt32();
                break;
            case 3:
                Assert.Equal(3, image.ReadInt32());
                break;
            default:
                Assert.Equal(4, field);
                value.Picture = image.ReadBytes().ToByteArray();
                break;
        }
    }

    private static void ReadTensor(Value value, int field, CodedInputStream tensor)
    {
        switch (field)
        {
            case 1:
                Assert.Equal(7, tensor.ReadEnum());
                break;
            case 2:
                Assert.Equal(4, tensor.ReadBytes().Length);
                break;
            default:
                Assert.Equal(8, field);
                value.Text = tensor.ReadString();
                break;
        }
    }

    private static T Parse<T>(byte[] data, Action<T, int, CodedInputStream> read)
        where T : new()
    {
        T message = new();
        CodedInputStream input = new(data);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            read(message, WireFormat.GetTagFieldNumber(tag), input);
        }
        return message;
    }

    // Bit by bit, to be independent of the writer's.
    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }

    private sealed class Event
    {
        public double Time { get; set; }

        public long Step { get; set; }

        public string? Version { get; set; }

        public int? SessionStatus { get; set; }

        public List<Value> Values { get; } = [];
    }

    private sealed class Value
    {
        public string Tag { get; set; } = "";

        public float Number { get; set; }

        public string Text { get; set; } = "";

        public string Plugin { get; set; } = "";

        public int Height { get; set; }

        public int Width { get; set; }

        public byte[] Picture { get; set; } = [];
    }
}
