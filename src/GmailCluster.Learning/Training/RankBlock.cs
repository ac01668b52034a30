namespace GmailCluster.Learning.Training;

/// <summary>Ranks that follow one another.</summary>
/// <param name="First">The first.</param>
/// <param name="Count">How many.</param>
public readonly record struct RankBlock(int First, int Count)
{
    /// <summary>The first rank after the block.</summary>
    public int End => First + Count;

    /// <summary>Whether a rank is one of them.</summary>
    public bool Contains(int rank) => rank >= First && rank < End;
}
