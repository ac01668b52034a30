using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Data.Features;

/// <summary>
/// Feature tables in the store: <c>features/&lt;key&gt;/&lt;name&gt;.f32</c> holds the values, little-endian float32, and
/// <c>&lt;name&gt;.json</c>, written last, their shape, ids and hash.
/// </summary>
public static class FeatureStore
{
    /// <summary>Writes a table.</summary>
    /// <returns>The files written.</returns>
    public static async Task<IReadOnlyList<StageFile>> Save(IObjectStore store, ArtifactKey key, FeatureTable table, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(table);
        var sha = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(table.Values.AsSpan())));
        var bytes = MemoryMarshal.AsBytes(table.Values.AsSpan()).ToArray();
        await store.PutBytes(ValuesKey(key, table.Name), bytes, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        await store.PutJson(HeaderKey(key, table.Name), new Header(table.Shape, sha, table.Ids), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        return [new StageFile(ValuesKey(key, table.Name), bytes.Length, sha)];
    }

    /// <summary>Reads a table, its values checked against their hash.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such table.</exception>
    /// <exception cref="GmailClusterException">The values are not those that were written.</exception>
    public static async Task<FeatureTable> Load(IObjectStore store, ArtifactKey key, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var header = await store.ReadJson<Header>(HeaderKey(key, name), cancellationToken).ConfigureAwait(false);
        var bytes = await store.ReadAllBytes(ValuesKey(key, name), cancellationToken).ConfigureAwait(false);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != header.Sha256)
        {
            throw new GmailClusterException(
                $"{store.Location}: {ValuesKey(key, name)}", $"was altered: its SHA-256 is not {header.Sha256}.", $"Remove features/{key}/ and stages/{key}.json, then run the spec again.");
        }

        return new FeatureTable(name, header.Ids, MemoryMarshal.Cast<byte, float>(bytes).ToArray(), header.Shape);
    }

    private static string ValuesKey(ArtifactKey key, string name) => $"features/{key}/{name}.f32";

    private static string HeaderKey(ArtifactKey key, string name) => $"features/{key}/{name}.json";

    private sealed record Header(long[] Shape, string Sha256, string[] Ids);
}
