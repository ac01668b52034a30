using GmailCluster.Data.Features;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Features;

public sealed class FeatureStoreTests : IDisposable
{
    private static readonly ArtifactKey Key = new("0123456789abcdef0123456789abcdef");
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    private FolderObjectStore Store => new(_folder);

    [Fact]
    public async Task A_table_comes_back_as_it_was()
    {
        var table = new FeatureTable("patches", ["a", "b#1"], [1, -0f, float.Epsilon, float.MaxValue, 5, 6, 7, 8], [2, 2, 2]);

        await FeatureStore.Save(Store, Key, table, TestContext.Current.CancellationToken);
        var loaded = await FeatureStore.Load(Store, Key, "patches", TestContext.Current.CancellationToken);

        Assert.Equal(table.Ids, loaded.Ids);
        Assert.Equal(table.Shape, loaded.Shape);
        Assert.Equal(table.Values.Select(BitConverter.SingleToInt32Bits), loaded.Values.Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public async Task Altered_values_are_refused_by_name()
    {
        await FeatureStore.Save(Store, Key, new FeatureTable("embeddings", ["a"], [1, 2], [1, 2]), TestContext.Current.CancellationToken);
        await Store.PutBytes($"features/{Key}/embeddings.f32", new byte[8], PutCondition.Always, TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => FeatureStore.Load(Store, Key, "embeddings", TestContext.Current.CancellationToken));

        Assert.Contains("embeddings.f32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_that_do_not_match_the_shape_are_refused() =>
        Assert.Throws<ArgumentException>(() => new FeatureTable("x", ["a"], [1, 2, 3], [1, 2]));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
