using GmailCluster.Models.Safetensors;

namespace GmailCluster.Cli.Tests.Verbs;

public sealed class ConvertVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-convert-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task There_and_back_gives_the_same_tensors()
    {
        var source = RepositoryRoot.At("samples", "emoji", "emoji-clip");
        var (there, back) = (Path.Combine(_folder, "open"), Path.Combine(_folder, "back"));

        var first = await CliRun.Of("convert", source, there, "--to", "open_clip");
        var second = await CliRun.Of("convert", there, back, "--to", "huggingface");

        Assert.Equal(new CliRun(0, $"{source} (huggingface) -> {there} (open_clip)\n", ""), first);
        Assert.Equal(0, second.ExitCode);
        using var before = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        using var after = SafetensorsFile.Open(Path.Combine(back, "model.safetensors"));
        Assert.Equal(before.Entries.Keys.Order(), after.Entries.Keys.Order());
        Assert.All(before.Entries.Values, entry =>
            Assert.True(before.Bytes(entry.Name, 0, (int)entry.LengthBytes).SequenceEqual(after.Bytes(entry.Name, 0, (int)entry.LengthBytes)), entry.Name));
    }

    [Theory]
    [InlineData("nowhere", "new", "openai", "nowhere: is no folder. Name a CLIP folder with .safetensors weights.\n")]
    [InlineData(".", ".", "openai", ".: is there already and not empty. Name a new folder: nothing is overwritten.\n")]
    public async Task Wrong_folders_are_refused(string source, string target, string layout, string error)
    {
        var run = await CliRun.Of("convert", source, target, "--to", layout);

        Assert.Equal(new CliRun(2, "", error), run);
    }

    [Fact]
    public async Task An_unknown_layout_is_wrong_usage()
    {
        var run = await CliRun.Of("convert", "a", "b", "--to", "keras");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("'keras' not recognized", run.Error, StringComparison.Ordinal);
    }
}
