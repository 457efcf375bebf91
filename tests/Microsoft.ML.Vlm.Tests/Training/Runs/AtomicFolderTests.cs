using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tests.Training.Runs;

public sealed class AtomicFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-atomic-").FullName;

    [Fact]
    public void A_folder_appears_whole_and_replaces_an_earlier_one()
    {
        string target = Path.Combine(_folder, "checkpoint-1");
        AtomicFolder.Write(target, temporary => File.WriteAllText(Path.Combine(temporary, "a"), "1"));
        AtomicFolder.Write(target, temporary =>
        {
            Assert.True(File.Exists(Path.Combine(target, "a")));
            File.WriteAllText(Path.Combine(temporary, "b"), "2");
        });
        Assert.Equal(["b"], Directory.EnumerateFiles(target).Select(Path.GetFileName));
        Assert.Equal(["checkpoint-1"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_writer_that_fails_leaves_what_was_there()
    {
        string target = Path.Combine(_folder, "checkpoint-1");
        AtomicFolder.Write(target, temporary => File.WriteAllText(Path.Combine(temporary, "a"), "1"));
        Assert.Throws<InvalidOperationException>(() => AtomicFolder.Write(target, _ => throw new InvalidOperationException()));
        Assert.Equal("1", File.ReadAllText(Path.Combine(target, "a")));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
