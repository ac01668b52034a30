namespace GmailCluster.Cluster.Checkpoints;

/// <summary>
/// A checkpoint writer's right to commit. A writer that was given up but lives on must not commit over its successor: what it
/// would write is right, since a step's state does not depend on who computed it, but it must not be half of two.
/// </summary>
/// <param name="GenerationNumber">The plan under which the snapshot was taken.</param>
/// <param name="MayCommit">Asked right before COMMIT: whether the plan of this writer is the one that runs.</param>
public sealed record CheckpointFence(long GenerationNumber, Func<CancellationToken, Task<bool>> MayCommit);
