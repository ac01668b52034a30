namespace GmailCluster.Data.Shards;

/// <summary>One sample of a WebDataset shard: the members that share a key.</summary>
/// <param name="Key">Folder and base name up to its first dot, such as <c>1f600-003</c>.</param>
/// <param name="Members">Content by extension: lower case, without the first dot, such as <c>png</c> or <c>seg.png</c>.</param>
public sealed record ShardSample(string Key, IReadOnlyDictionary<string, byte[]> Members);
