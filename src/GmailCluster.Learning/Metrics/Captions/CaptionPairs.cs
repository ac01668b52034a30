namespace GmailCluster.Learning.Metrics.Captions;

internal static class CaptionPairs
{
    public static void Check<TCandidate, TReference>(IReadOnlyList<TCandidate> candidates, IReadOnlyList<IReadOnlyList<TReference>> references)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(references);
        if (candidates.Count == 0 || candidates.Count != references.Count)
        {
            throw new ArgumentException($"{candidates.Count} candidates and {references.Count} lists of references: need as many of both, at least one.", nameof(references));
        }

        for (var item = 0; item < references.Count; item++)
        {
            if (references[item].Count == 0)
            {
                throw new ArgumentException($"item {item} has no reference.", nameof(references));
            }
        }
    }
}
