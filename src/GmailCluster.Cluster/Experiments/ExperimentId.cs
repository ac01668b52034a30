using System.Security.Cryptography;
using System.Text;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Experiments;

/// <summary>Names an experiment after its spec's name and what its stages make.</summary>
public static class ExperimentId
{
    /// <summary>The name, a hyphen, and eight hexadecimal digits of the stages' keys.</summary>
    public static string Of(string name, IReadOnlyList<Stage> stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        var keys = string.Join('\n', stages.Select(stage => stage.Key.Value));
        return $"{name}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(keys)))[..8]}";
    }
}
