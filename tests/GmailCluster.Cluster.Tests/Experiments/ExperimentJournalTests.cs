using GmailCluster.Cluster.Experiments;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Keys;

namespace GmailCluster.Cluster.Tests.Experiments;

public sealed class ExperimentJournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Events_are_read_back_as_they_were_written_and_numbers_go_on()
    {
        var stage = ArtifactKey.Of("align", 1, "spec");
        var first = await Open();
        first.Add(ExperimentEventKind.Submitted, null, "Submitted: \"naïve\" <1>.");
        first.Add(ExperimentEventKind.StageStarted, stage, "align started.");
        Assert.True(await first.Write(Token));

        var second = await Open();
        second.Add(ExperimentEventKind.Moved, null, "Moved.");
        Assert.True(await second.Write(Token));

        var read = (await Open()).Events;
        Assert.Equal(second.Events, read);
        Assert.Equal([1L, 2, 3], read.Select(happened => happened.Number));
        Assert.Equal(stage, read[1].Stage);
        Assert.Equal(["Moved."], second.After(2).Select(happened => happened.Text));
        Assert.Empty(second.After(99));
    }

    [Fact]
    public async Task An_activation_that_was_given_up_drops_no_line_of_its_successor()
    {
        var zombie = await Open();
        zombie.Add(ExperimentEventKind.Submitted, null, "Submitted.");
        Assert.True(await zombie.Write(Token));
        var successor = await Open();
        successor.Add(ExperimentEventKind.Moved, null, "Moved.");
        Assert.True(await successor.Write(Token));

        zombie.Add(ExperimentEventKind.Failed, null, "Failed.");

        Assert.False(await zombie.Write(Token));
        Assert.Equal(["Submitted.", "Moved."], (await Open()).Events.Select(happened => happened.Text));
    }

    [Fact]
    public async Task What_is_no_list_of_events_is_refused_by_name()
    {
        var store = new FolderObjectStore(_folder);
        await store.PutBytes(ExperimentEvent.ObjectKey("tiny"), "{\"number\":1"u8.ToArray(), cancellationToken: Token);

        var error = await Assert.ThrowsAsync<GmailClusterException>(Open);

        Assert.StartsWith($"{_folder}: experiments/tiny/events.jsonl: is not a list of events", error.Message, StringComparison.Ordinal);
    }

    private Task<ExperimentJournal> Open() => ExperimentJournal.Open(new FolderObjectStore(_folder), "tiny", TimeProvider.System, Token);
}
