using System.Numerics.Tensors;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>
/// Principal axes, to draw embeddings in the plane. Fit once and project every kind with it, so that pictures share their axes.
/// Each axis points where its largest weight is positive: the same embeddings always give the same picture.
/// </summary>
public sealed class Pca
{
    private readonly double[] _mean;
    private readonly double[][] _axes;

    private Pca(double[] mean, double[][] axes, double[] explained)
    {
        _mean = mean;
        _axes = axes;
        Explained = explained;
    }

    /// <summary>The share of all variance that each axis holds, 0 to 1, descending.</summary>
    public IReadOnlyList<double> Explained { get; }

    /// <summary>Finds the axes of the largest variance.</summary>
    /// <param name="embeddings">[N, D], N at least 2.</param>
    /// <param name="axes">How many axes, at most D. Default 2.</param>
    public static Pca Fit(EmbeddingMatrix embeddings, int axes = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(embeddings.Count, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(axes, embeddings.Width);
        var moments = Moments.Of(embeddings);
        var (values, vectors) = SymmetricEigen.Of(moments.Covariance);
        var total = values.Sum(value => Math.Max(0, value));
        var last = values.Length - 1;
        var chosen = new double[axes][];
        for (var axis = 0; axis < axes; axis++)
        {
            chosen[axis] = Array.ConvertAll(vectors, row => row[last - axis]);
            if (chosen[axis][TensorPrimitives.IndexOfMaxMagnitude<double>(chosen[axis])] < 0)
            {
                TensorPrimitives.Negate<double>(chosen[axis], chosen[axis]);
            }
        }

        var explained = Enumerable.Range(0, axes).Select(axis => total == 0 ? 0 : Math.Max(0, values[last - axis]) / total).ToArray();
        return new Pca(moments.Mean, chosen, explained);
    }

    /// <summary>Coordinates on the axes, [N][axes].</summary>
    public double[][] Project(EmbeddingMatrix embeddings)
    {
        if (embeddings.Width != _mean.Length)
        {
            throw new ArgumentException($"embeddings: expected width {_mean.Length}, got {embeddings.Width}.", nameof(embeddings));
        }

        var rows = embeddings.ToDouble();
        return Array.ConvertAll(rows, row =>
        {
            TensorPrimitives.Subtract<double>(row, _mean, row);
            return Array.ConvertAll(_axes, axis => TensorPrimitives.Dot<double>(row, axis));
        });
    }
}
