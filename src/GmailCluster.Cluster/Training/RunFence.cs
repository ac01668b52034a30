namespace GmailCluster.Cluster.Training;

/// <summary>
/// The highest generation number that a silo has heard of. Numbers are raised in the store before anybody hears of them, each by
/// one owner only, so two plans never share one; what comes under an older number comes from a plan that is over.
/// </summary>
/// <param name="Number">The number; 0 before the first.</param>
internal readonly record struct RunFence(long Number)
{
    /// <summary>Hears of a number.</summary>
    /// <returns>The fence from now on, and whether the number is admitted.</returns>
    public (RunFence Next, bool IsAdmitted) Hear(long number) => number < Number ? (this, false) : (new RunFence(number), true);
}
