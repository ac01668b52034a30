using GmailCluster.Errors;
using GmailCluster.Learning.Work;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Tests.Work;

public sealed class LocalCopyTests
{
    [Theory]
    [InlineData("runs/k/../../../escaped")]
    [InlineData("runs/k//etc/escaped")]
    [InlineData("runs/k/..")]
    [InlineData("runs/k/a\\..\\..\\escaped")]
    public async Task A_store_that_lists_a_name_which_climbs_out_is_refused(string name)
    {
        await Assert.ThrowsAsync<InputException>(() => LocalCopy.Of(new HostileStore(name), "runs/k/", TestContext.Current.CancellationToken));

        Assert.False(File.Exists(Path.Combine(Path.GetTempPath(), "escaped")));
        Assert.False(File.Exists("/etc/escaped"));
    }

    private sealed class HostileStore(string name) : IObjectStore
    {
        public string Location => "hostile";

        public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) => Task.FromResult<ObjectInfo?>(null);

        public Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken) => Task.FromResult<Stream>(new MemoryStream([1]));

        public Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<ObjectInfo> List(string prefix, CancellationToken cancellationToken) =>
            new[] { new ObjectInfo(name, 1, "e", DateTimeOffset.UnixEpoch) }.ToAsyncEnumerable();

        public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
