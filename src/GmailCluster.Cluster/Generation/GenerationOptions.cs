using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Cluster.Generation;

/// <summary>How generation work is handed out.</summary>
public sealed class GenerationOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Generation";

    /// <summary>How long a worker may hold a shard. A worker that dies loses it at once. Default 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "1.00:00:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromMinutes(30);
}
