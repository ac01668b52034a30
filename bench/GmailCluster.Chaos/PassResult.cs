namespace GmailCluster.Chaos;

/// <summary>How one pass went. Its problems say in words why it counts as failed; it has none when it ended with equal files.</summary>
internal sealed record PassResult(
    int Pass, int Silos, double Seconds, int Kills, int Hangs, int Drains, int Joins, int Resumes, IReadOnlyList<Recovery> Recoveries, int FilesCompared, IReadOnlyList<string> Problems)
{
    // Several losses may end in the same plan: its steps are lost once.
    public int StepsLost => Recoveries.GroupBy(recovery => (recovery.Run, recovery.GenerationNumber)).Sum(plan => plan.Max(recovery => recovery.StepsLost));
}
