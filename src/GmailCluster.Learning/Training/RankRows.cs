using GmailCluster.Learning.Compute;

namespace GmailCluster.Learning.Training;

/// <summary>A rank's rows of a global batch, and the log-sum-exp values that ranks exchange.</summary>
internal static class RankRows
{
    /// <summary>The rank's rows of [B, …].</summary>
    public static Tensor Of(Tensor all, int rank, int worldSize)
    {
        var size = all.shape[0] / worldSize;
        return all.narrow(0, rank * size, size);
    }

    /// <inheritdoc cref="Of(Tensor, int, int)"/>
    public static Tensor Of(Tensor all, RankStep step) => Of(all, step.Rank, step.WorldSize);

    /// <summary>The first of the rank's rows.</summary>
    public static int Offset(Tensor all, RankStep step) => (int)(step.Rank * (all.shape[0] / step.WorldSize));

    /// <summary>
    /// Orders gathered values: a rank sends [rows of term 0, columns of term 0, rows of term 1, …], b each; ranks follow one another.
    /// </summary>
    /// <returns>Log-sum-exps of all rows and of all columns, [B] each.</returns>
    public static (Tensor Row, Tensor Column) LogSumExps(float[] gathered, int term, int global, int worldSize)
    {
        var perRank = gathered.Length / worldSize;
        var size = global / worldSize;
        var row = new float[global];
        var column = new float[global];
        for (var rank = 0; rank < worldSize; rank++)
        {
            var start = (rank * perRank) + (2 * term * size);
            gathered.AsSpan(start, size).CopyTo(row.AsSpan(rank * size));
            gathered.AsSpan(start + size, size).CopyTo(column.AsSpan(rank * size));
        }

        return (TensorRows.From(row, global), TensorRows.From(column, global));
    }
}
