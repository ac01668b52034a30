using System.Globalization;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using Orleans.TestingHost;

namespace GmailCluster.Cluster.Tests.Generation;

public sealed class ManifestGrainTests : IAsyncLifetime
{
    private static readonly ArtifactKey Key = new("0123456789abcdef0123456789abcdef");

    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;
    private readonly CountingStore _store;
    private readonly InProcessTestCluster _cluster;

    public ManifestGrainTests()
    {
        _store = new CountingStore(new FolderObjectStore(_folder));
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) => silo.UseGmailCluster(_store, slots: 1, _folder));
        _cluster = builder.Build();
    }

    private IManifestGrain Leaf => _cluster.Client.GetGrain<IManifestGrain>($"{Key}/0");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Entries_that_wait_are_written_together_and_each_is_there_once()
    {
        var entries = Enumerable.Range(0, ShardLeaf.Capacity).Select(Entry).ToArray();

        var results = await Task.WhenAll(entries.Concat(entries).Select(entry => Leaf.Append(entry, Token)));

        Assert.Equal(entries.Length, results.Count(result => result is AppendResult.Appended));
        Assert.Equal(entries.Length, results.Count(result => result is AppendResult.AlreadyThere));
        Assert.Equal(entries, (await new ShardStore(_store).Leaf(Key, 0, Token)).Shards);
        Assert.InRange(_store.Puts, 1, entries.Length / 8);
    }

    [Fact]
    public async Task What_another_activation_has_written_is_kept()
    {
        await Leaf.Append(Entry(1), Token);
        await new ShardStore(_store).Append(Key, Entry(2), Token); // the grain does not know

        Assert.Equal(AppendResult.Appended, await Leaf.Append(Entry(3), Token));
        Assert.Equal(AppendResult.AlreadyThere, await Leaf.Append(Entry(2), Token));

        Assert.Equal([1, 2, 3], (await Leaf.GetEntries(Token)).Select(entry => entry.Number));
    }

    [Fact]
    public async Task Other_content_is_refused_and_the_first_stays()
    {
        await Leaf.Append(Entry(1), Token);

        Assert.Equal(AppendResult.DifferentContent, await Leaf.Append(Entry(1) with { Sha256 = Entry(9).Sha256 }, Token));

        Assert.Equal(Entry(1), Assert.Single(await Leaf.GetEntries(Token)));
    }

    public async ValueTask InitializeAsync() => await _cluster.DeployAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static ShardEntry Entry(int number) => new(number, number.ToString("x64", CultureInfo.InvariantCulture), 10, 4);
}
