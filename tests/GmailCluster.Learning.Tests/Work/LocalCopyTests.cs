using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Tests.Work;

public sealed class LocalCopyTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_run_that_is_not_what_its_record_says_is_refused_by_name(bool isAltered, bool isMissing)
    {
        var folder = Directory.CreateTempSubdirectory("gmailcluster-copy-").FullName;
        try
        {
            var store = new FolderObjectStore(folder);
            var run = new ArtifactKey("0123456789abcdef0123456789abcdef");
            byte[] content = [1, 2, 3];
            var file = new StageFile($"runs/{run}/gpt2/model.safetensors", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
            await store.PutBytes(file.ObjectKey, content, cancellationToken: Token);
            await store.PutBytes($"runs/{run}/losses.json", "[]"u8.ToArray(), cancellationToken: Token);
            var record = new StageRecord { Key = run, Kind = StageKind.Caption, Title = "caption", Seconds = 1, Items = 1, Unit = "steps", Files = [file] };
            await store.PutJson(StageRecord.ObjectKey(run), record, cancellationToken: Token);
            if (isAltered)
            {
                await store.PutBytes(file.ObjectKey, new byte[] { 1, 2, 4 }, cancellationToken: Token);
            }

            if (isMissing)
            {
                await store.Delete(file.ObjectKey, null, Token);
            }

            if (!isAltered && !isMissing)
            {
                using var copy = await LocalCopy.OfRun(store, run, Token);
                Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(copy.Path, "gpt2", "model.safetensors"), Token));
                return;
            }

            var error = await Assert.ThrowsAnyAsync<GmailClusterException>(() => LocalCopy.OfRun(store, run, Token));
            Assert.True(isAltered ? error is AlteredObjectException : error is ObjectNotFoundException);
            Assert.EndsWith(file.ObjectKey, error.Where, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("runs/k/../../../escaped")]
    [InlineData("runs/k//etc/escaped")]
    [InlineData("runs/k/..")]
    [InlineData("runs/k/a\\..\\..\\escaped")]
    public async Task A_store_that_lists_a_name_which_climbs_out_is_refused(string name)
    {
        await Assert.ThrowsAsync<InputException>(() => LocalCopy.Of(new HostileStore(name), "runs/k/", Token));

        Assert.False(File.Exists(Path.Combine(Path.GetTempPath(), "escaped")));
        Assert.False(File.Exists("/etc/escaped"));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

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
