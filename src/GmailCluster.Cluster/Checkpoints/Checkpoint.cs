using GmailCluster.Learning.Training;

namespace GmailCluster.Cluster.Checkpoints;

/// <summary>A run's state as it is saved.</summary>
/// <param name="State">What the next step depends on.</param>
/// <param name="Seconds">Time spent so far, over all attempts.</param>
public sealed record Checkpoint(TrainingState State, double Seconds);
