using GmailCluster.Grains;
using GmailCluster.Stages;

namespace GmailCluster.Pace;

/// <summary>A training as the product plans it.</summary>
/// <param name="Stage">The stage that trains.</param>
/// <param name="Ranks">Virtual ranks.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Experiment">The stage and what it needs.</param>
internal sealed record PlannedTraining(Stage Stage, int Ranks, int Steps, ExperimentOrder Experiment);
