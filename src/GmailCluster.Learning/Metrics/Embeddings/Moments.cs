using System.Numerics.Tensors;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>Mean and covariance of embeddings, in double precision.</summary>
/// <param name="Mean">[D].</param>
/// <param name="Covariance">[D][D], divided by N - 1.</param>
internal sealed record Moments(double[] Mean, double[][] Covariance)
{
    public static Moments Of(EmbeddingMatrix embeddings)
    {
        var rows = embeddings.ToDouble();
        var mean = MeanOf(rows);
        var covariance = new double[mean.Length][];
        for (var i = 0; i < covariance.Length; i++)
        {
            covariance[i] = new double[mean.Length];
        }

        foreach (var row in rows)
        {
            TensorPrimitives.Subtract<double>(row, mean, row);
            for (var i = 0; i < row.Length; i++)
            {
                TensorPrimitives.MultiplyAdd<double>(row, row[i], covariance[i], covariance[i]);
            }
        }

        foreach (var row in covariance)
        {
            TensorPrimitives.Divide<double>(row, rows.Length - 1, row);
        }

        return new Moments(mean, covariance);
    }

    public static double[] MeanOf(double[][] rows)
    {
        var mean = new double[rows[0].Length];
        foreach (var row in rows)
        {
            TensorPrimitives.Add<double>(mean, row, mean);
        }

        TensorPrimitives.Divide<double>(mean, rows.Length, mean);
        return mean;
    }
}
