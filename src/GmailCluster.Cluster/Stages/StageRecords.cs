using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Stages;

/// <summary>The records by which stages are known to be done.</summary>
public static class StageRecords
{
    /// <summary>Reads a stage's record; null when the stage is not done.</summary>
    public static async Task<StageRecord?> Read(IObjectStore store, ArtifactKey key, CancellationToken cancellationToken) =>
        (await store.TryReadJson<StageRecord>(StageRecord.ObjectKey(key), cancellationToken))?.Value;

    /// <summary>Marks a stage as done. The first record stays: whoever did the same work again made the same content.</summary>
    public static Task Write(IObjectStore store, StageRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        return store.PutJson(StageRecord.ObjectKey(record.Key), record, PutCondition.WhenAbsent, cancellationToken);
    }
}
