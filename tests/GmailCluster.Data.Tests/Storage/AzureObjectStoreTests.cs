using Azure.Storage.Blobs;
using GmailCluster.Data.Storage;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Storage;

public sealed class AzureObjectStoreTests : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => AzuriteStores.New();

    protected override IObjectStore Another(IObjectStore store) => AzuriteStores.Through(Azurite.Shared.Port, (AzureObjectStore)store);

    protected override string? ConnectionString => Azurite.ConnectionString(Azurite.Shared.Port);

    [Fact]
    public async Task A_blob_lies_under_the_prefix_and_strange_blobs_are_not_objects()
    {
        var location = await Azurite.Shared.NewStore(Token);
        var container = new BlobServiceClient(Azurite.ConnectionString(Azurite.Shared.Port)).GetBlobContainerClient(location.Split('/')[^1]);
        var store = AzuriteStores.Open($"{location}/deep/prefix/", Azurite.Shared.Port);
        await store.PutBytes("a/b.json", Utf8("x"), cancellationToken: Token);
        await container.UploadBlobAsync("deep/prefix/not a key", BinaryData.FromString("y"), Token);
        await container.UploadBlobAsync("deep/prefix/a/~z", BinaryData.FromString("y"), Token);
        await container.UploadBlobAsync("deep/prefixed", BinaryData.FromString("y"), Token);

        Assert.True(await container.GetBlobClient("deep/prefix/a/b.json").ExistsAsync(Token));
        Assert.Equal(["a/b.json"], (await store.List("", Token).ToListAsync(Token)).Select(i => i.Key));
        Assert.Equal($"{location}/deep/prefix", store.Location);
        Assert.Equal($"{location}/deep/prefix/a/b.json", store.LocationOf("a/b.json"));
    }

    [Fact]
    public async Task A_blob_that_others_wrote_is_read_and_replaced_like_our_own()
    {
        var location = await Azurite.Shared.NewStore(Token);
        var container = new BlobServiceClient(Azurite.ConnectionString(Azurite.Shared.Port)).GetBlobContainerClient(location.Split('/')[^1]);
        var store = AzuriteStores.Open(location, Azurite.Shared.Port);
        await container.UploadBlobAsync("k", BinaryData.FromString("theirs"), Token);

        var listed = Assert.Single(await store.List("", Token).ToListAsync(Token));
        var put = await store.PutBytes("k", Utf8("ours"), PutCondition.WhenMatches(listed.ETag), Token);

        Assert.True(put.Written);
        Assert.Equal(Utf8("ours"), await store.ReadAllBytes("k", Token));
    }

    [Fact]
    public async Task A_container_is_made_once()
    {
        var store = AzuriteStores.Open($"azure://{Azurite.Account}/c{Guid.NewGuid():n}", Azurite.Shared.Port);

        Assert.True(await store.CreateContainer(Token));
        Assert.False(await store.CreateContainer(Token));
        await store.EnsureWritable(Token);
    }
}
