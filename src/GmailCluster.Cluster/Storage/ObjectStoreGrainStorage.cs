using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Orleans.Storage;

namespace GmailCluster.Cluster.Storage;

/// <summary>
/// Grain state as <c>grains/&lt;type&gt;/&lt;key&gt;.json</c> in the object store, with compare-and-swap: an activation that has
/// been replaced cannot overwrite its successor's state.
/// </summary>
internal sealed class ObjectStoreGrainStorage(IObjectStore store) : IGrainStorage
{
    public const string Name = "object-store";

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = ObjectKey(stateName, grainId);
        if (await store.TryReadBytes(key, CancellationToken.None) is not var (content, etag))
        {
            (grainState.RecordExists, grainState.ETag, grainState.State) = (false, null, Activator.CreateInstance<T>());
            return;
        }

        var state = JsonSerializer.Deserialize<T>(content, StageJson.Options);
        (grainState.RecordExists, grainState.ETag, grainState.State) = (true, etag, state ?? Activator.CreateInstance<T>());
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(grainState.State, StageJson.Options));
        var condition = grainState.ETag is { } etag ? PutCondition.WhenMatches(etag) : PutCondition.WhenAbsent;
        var result = await store.Put(ObjectKey(stateName, grainId), content, condition, CancellationToken.None);
        if (!result.Written)
        {
            throw new InconsistentStateException(
                $"The state of {grainId} has been written by another activation.", result.ETag ?? "unknown", grainState.ETag ?? "none");
        }

        (grainState.RecordExists, grainState.ETag) = (true, result.ETag);
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await store.Delete(ObjectKey(stateName, grainId), grainState.ETag, CancellationToken.None);
        (grainState.RecordExists, grainState.ETag, grainState.State) = (false, null, Activator.CreateInstance<T>());
    }

    /// <summary>A grain's state as it stands in the store, for those who are not that grain; null when there is none.</summary>
    public static async Task<T?> Read<T>(IObjectStore store, string stateName, string key, CancellationToken cancellationToken)
        where T : class => (await store.TryReadJson<T>(ObjectKey(stateName, key), cancellationToken))?.Value;

    private static string ObjectKey(string stateName, GrainId grainId) => ObjectKey(stateName, grainId.Key.ToString()!);

    private static string ObjectKey(string stateName, string key) => $"grains/{stateName}/{key}.json";
}
