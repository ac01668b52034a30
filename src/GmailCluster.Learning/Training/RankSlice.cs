namespace GmailCluster.Learning.Training;

/// <summary>Which part of a global batch a rank works on: rank r of R has the r-th of R equal parts.</summary>
internal static class RankSlice
{
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> batch, RankStep step)
    {
        var size = batch.Count / step.WorldSize;
        return [.. batch.Skip(step.Rank * size).Take(size)];
    }
}
