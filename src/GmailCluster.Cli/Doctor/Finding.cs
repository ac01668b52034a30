namespace GmailCluster.Cli.Doctor;

/// <summary>What one check saw.</summary>
/// <param name="Name">The thing checked.</param>
/// <param name="Seen">What was seen.</param>
/// <param name="Remedy">What to do; null when all is well.</param>
internal sealed record Finding(string Name, string Seen, string? Remedy = null)
{
    /// <summary>"ok       cores: 2" or "problem  store: … What to do."</summary>
    public override string ToString() => Remedy is null ? $"ok       {Name}: {Seen}" : $"problem  {Name}: {Seen} {Remedy}";
}
