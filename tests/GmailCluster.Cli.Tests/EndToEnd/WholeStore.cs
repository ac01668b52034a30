using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>A store in which nothing is half written: what its records, commits and names say of files is so.</summary>
internal static class WholeStore
{
    public static async Task Check(string folder)
    {
        var store = new FolderObjectStore(folder);
        foreach (var item in await Objects(store))
        {
            if (item.Key.StartsWith("stages/", StringComparison.Ordinal))
            {
                await CheckFiles(store, "", (await store.ReadJson<StageRecord>(item.Key, Token)).Files);
            }
            else if (item.Key.EndsWith("/COMMIT", StringComparison.Ordinal))
            {
                await CheckFiles(store, item.Key[..^"COMMIT".Length], await store.ReadJson<List<StageFile>>(item.Key, Token));
            }
            else if (item.Key.EndsWith(".tar", StringComparison.Ordinal))
            {
                Assert.Equal(Path.GetFileNameWithoutExtension(item.Key), await Sha256(store, item.Key));
            }
            else if (item.Key.EndsWith(".json", StringComparison.Ordinal))
            {
                using var _ = JsonDocument.Parse(await store.ReadAllBytes(item.Key, Token));
            }
        }
    }

    public static async Task<IReadOnlyList<ObjectInfo>> Objects(FolderObjectStore store)
    {
        var objects = new List<ObjectInfo>();
        await foreach (var item in store.List("", Token))
        {
            objects.Add(item);
        }

        return objects;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task CheckFiles(FolderObjectStore store, string prefix, IEnumerable<StageFile> files)
    {
        foreach (var file in files)
        {
            Assert.Equal(file.Sha256, await Sha256(store, prefix + file.ObjectKey));
        }
    }

    private static async Task<string> Sha256(FolderObjectStore store, string key) => Convert.ToHexStringLower(SHA256.HashData(await store.ReadAllBytes(key, Token)));
}
