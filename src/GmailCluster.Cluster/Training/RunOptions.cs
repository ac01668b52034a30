using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Cluster.Training;

/// <summary>How long a run's owner waits, and for what.</summary>
public sealed class RunOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Training";

    /// <summary>A silo that does not answer a call for a new plan within this time is left out of it. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan AnswerLimit { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for a silo that another one has reported lost. Default 0.25 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan SuspectAnswerLimit { get; set; } = TimeSpan.FromSeconds(0.25);

    /// <summary>How long ranks may take to begin under a plan; ranks of a dead silo begin when the cluster has noticed its death. Default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan BeginLimit { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the owner looks at its silos. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan LookPeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a step may take that the run is to stop after; then it is broken off. Default 20 s: a silo has 30 to hand over.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan HoldLimit { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long two silos that cannot reach one another are kept apart. Default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SeparationPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// For how many looks in a row a silo of the plan may leave its owner without an answer. Heartbeats and membership are faster;
    /// this is for what they do not see. Default 10.
    /// </summary>
    [Range(1, 1000)]
    public int LooksWithoutAnswer { get; set; } = 10;

    /// <summary>For how many looks in a row another plan must be better before ranks move away from a slow silo. Default 10.</summary>
    [Range(1, 1000)]
    public int LooksBeforeMoving { get; set; } = 10;
}
