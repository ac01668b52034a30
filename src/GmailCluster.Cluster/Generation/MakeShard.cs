using GmailCluster.Shards;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Generation;

/// <summary>
/// Makes a shard and leaves it in the store under its hash, not committed: <see cref="Learning.Generation.ShardGenerator"/>, or in simulations
/// something without images.
/// </summary>
/// <param name="stage">The generation stage.</param>
/// <param name="shard">Which shard.</param>
/// <param name="onImages">Told how many images of the shard are made, now and then.</param>
/// <param name="cancellationToken">Ends the work.</param>
public delegate Task<ShardEntry> MakeShard(Stage stage, int shard, Action<int> onImages, CancellationToken cancellationToken);
