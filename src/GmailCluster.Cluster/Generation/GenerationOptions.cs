using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Cluster.Generation;

/// <summary>How generation work is handed out.</summary>
public sealed class GenerationOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Generation";

    /// <summary>
    /// How long a silo may keep silent before the shards that it holds are free again. One that the cluster has given up loses
    /// them at once. Default 60 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:02", "1.00:00:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the owner asks every silo what it works on, and to take more. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan AskPeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo has to answer before the owner goes on without it. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan AnswerLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Shards that a silo has in hand at once. Default 2: one computes while the next is leased and the last one is written, so
    /// that the slots do not run dry between shards.
    /// </summary>
    [Range(1, 1024)]
    public int ShardsInFlight { get; set; } = 2;
}
