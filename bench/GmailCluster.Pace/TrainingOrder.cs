using GmailCluster.Stages;

namespace GmailCluster.Pace;

/// <summary>One training.</summary>
/// <param name="Task"><c>caption</c> or <c>align</c>.</param>
/// <param name="Ranks">Virtual ranks.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="CheckpointEvery">Steps between checkpoints; null for the spec's.</param>
/// <param name="Seed">The run's seed: with another one, nothing of an earlier training is found in the store.</param>
internal sealed record TrainingOrder(string Task, int Ranks, int Steps, int? CheckpointEvery, int Seed)
{
    public StageKind Kind => Enum.Parse<StageKind>(Task, ignoreCase: true);
}
