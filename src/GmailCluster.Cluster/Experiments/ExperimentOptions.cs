using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Cluster.Experiments;

/// <summary>How experiments look after themselves.</summary>
public sealed class ExperimentOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Experiments";

    /// <summary>How often an experiment looks at its running stages. Default 50 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan LookPeriod { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often a cluster looks for running experiments that nobody looks after; the loss of a silo is looked into at once. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan WatchPeriod { get; set; } = TimeSpan.FromSeconds(5);
}
