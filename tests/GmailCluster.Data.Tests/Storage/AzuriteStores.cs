using Azure.Storage.Blobs;
using GmailCluster.Data.Storage;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>Stores on Azurite, with small blocks, small pages and short pauses, so that little content meets all of it.</summary>
internal static class AzuriteStores
{
    public const int BlockBytes = 64 << 10;

    public static readonly AzureStoreSettings Small = new()
    {
        BlockBytes = BlockBytes, BlocksInFlight = 3, ListPageSize = 5, RetryDelay = TimeSpan.FromMilliseconds(1), MaxRetryDelay = TimeSpan.FromMilliseconds(20),
    };

    private static readonly Lazy<string> Container = new(() =>
    {
        new BlobServiceClient(Azurite.ConnectionString(Azurite.Shared.Port)).CreateBlobContainer("tests");
        return "tests";
    });

    /// <summary>A client of an empty part of the shared container.</summary>
    public static AzureObjectStore New() => Open($"azure://{Azurite.Account}/{Container.Value}/{Guid.NewGuid():n}", Azurite.Shared.Port);

    /// <summary>A client of the same store by way of a port.</summary>
    public static AzureObjectStore Through(int port, AzureObjectStore store, AzureStoreSettings? settings = null) => Open(store.Location, port, settings);

    public static AzureObjectStore Open(string location, int port, AzureStoreSettings? settings = null) => new(
        AzureLocation.Parse(location), settings ?? Small, name => name == AzureConnection.StringVariable ? Azurite.ConnectionString(port) : null);
}
