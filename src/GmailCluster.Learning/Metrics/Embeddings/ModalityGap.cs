using System.Numerics.Tensors;
using GmailCluster.Results;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>
/// How far generated images lie from real ones in embedding space. Embeddings are taken as they are: normalise them first, as
/// CLIP compares them. All arithmetic is in double precision.
/// </summary>
public static class ModalityGap
{
    private const double CmmdSigma = 10;
    private const double CmmdScale = 1000;

    /// <summary>Every figure of the gap.</summary>
    /// <param name="real">[R, D].</param>
    /// <param name="generated">[G, D].</param>
    /// <param name="realOfGenerated">For each generated row the real row of the same caption, [G].</param>
    public static GapFigures Measure(EmbeddingMatrix real, EmbeddingMatrix generated, ReadOnlySpan<int> realOfGenerated) => new()
    {
        Cmmd = Cmmd(real, generated),
        Frechet = Frechet(real, generated),
        CentroidDistance = CentroidDistance(real, generated),
        PairedCosine = PairedCosine(real, generated, realOfGenerated),
        GeneratedToRealRecallAt1 = GeneratedToRealRecallAt1(real, generated, realOfGenerated),
        LinearSeparability = Separability(real, generated),
    };

    /// <summary>
    /// CMMD (Jayasumana et al., arXiv 2401.09603): squared maximum mean discrepancy under a Gaussian kernel of sigma 10, times
    /// 1000; the biased estimate, with the diagonal, as the published code.
    /// </summary>
    public static double Cmmd(EmbeddingMatrix real, EmbeddingMatrix generated)
    {
        real.CheckWith(generated);
        var (x, y) = (real.ToDouble(), generated.ToDouble());
        return CmmdScale * (MeanKernel(x, x) + MeanKernel(y, y) - (2 * MeanKernel(x, y)));
    }

    /// <summary>Frechet distance of two Gaussians (Heusel et al., arXiv 1706.08500), squared as published, covariances over N - 1.</summary>
    public static double Frechet(EmbeddingMatrix real, EmbeddingMatrix generated)
    {
        real.CheckWith(generated, atLeast: 2);
        var (x, y) = (Moments.Of(real), Moments.Of(generated));
        var distance = TensorPrimitives.Distance<double>(x.Mean, y.Mean);
        var trace = 0.0;
        for (var i = 0; i < x.Mean.Length; i++)
        {
            trace += x.Covariance[i][i] + y.Covariance[i][i];
        }

        return (distance * distance) + trace - (2 * TraceOfRootOfProduct(x.Covariance, y.Covariance));
    }

    /// <summary>Distance between the mean embeddings.</summary>
    public static double CentroidDistance(EmbeddingMatrix real, EmbeddingMatrix generated)
    {
        real.CheckWith(generated);
        return TensorPrimitives.Distance<double>(Moments.MeanOf(real.ToDouble()), Moments.MeanOf(generated.ToDouble()));
    }

    /// <summary>Mean cosine of each generated embedding and the real one of the same caption.</summary>
    public static double PairedCosine(EmbeddingMatrix real, EmbeddingMatrix generated, ReadOnlySpan<int> realOfGenerated)
    {
        CheckPairs(real, generated, realOfGenerated);
        var (x, y) = (real.ToDouble(), generated.ToDouble());
        var sum = 0.0;
        for (var i = 0; i < y.Length; i++)
        {
            sum += TensorPrimitives.CosineSimilarity<double>(x[realOfGenerated[i]], y[i]);
        }

        return sum / y.Length;
    }

    /// <summary>Share of generated embeddings whose nearest real one, by cosine, is that of the same caption.</summary>
    public static double GeneratedToRealRecallAt1(EmbeddingMatrix real, EmbeddingMatrix generated, ReadOnlySpan<int> realOfGenerated)
    {
        CheckPairs(real, generated, realOfGenerated);
        var norms = new float[real.Count];
        for (var row = 0; row < norms.Length; row++)
        {
            norms[row] = TensorPrimitives.Norm(real.Row(row));
        }

        var hits = 0;
        var scores = new float[real.Count];
        for (var i = 0; i < generated.Count; i++)
        {
            for (var row = 0; row < scores.Length; row++)
            {
                scores[row] = TensorPrimitives.Dot(generated.Row(i), real.Row(row)) / norms[row];
            }

            hits += Ranking.PlaceOf(scores, 1, scores.Length, realOfGenerated[i]) == 0 ? 1 : 0;
        }

        return (double)hits / generated.Count;
    }

    /// <summary>
    /// Balanced accuracy, on held-out embeddings, of a logistic regression that tells generated from real: 0.5 when they cannot
    /// be told apart.
    /// </summary>
    public static double Separability(EmbeddingMatrix real, EmbeddingMatrix generated) => LinearSeparability.Of(real, generated);

    private static double MeanKernel(double[][] x, double[][] y)
    {
        var sum = 0.0;
        foreach (var a in x)
        {
            var row = 0.0;
            foreach (var b in y)
            {
                var distance = TensorPrimitives.Distance<double>(a, b);
                row += Math.Exp(-distance * distance / (2 * CmmdSigma * CmmdSigma));
            }

            sum += row;
        }

        return sum / x.Length / y.Length;
    }

    // tr sqrt(A B) = the summed roots of the eigenvalues of sqrt(A) B sqrt(A), which is symmetric.
    private static double TraceOfRootOfProduct(double[][] a, double[][] b)
    {
        var (values, vectors) = SymmetricEigen.Of(a);
        var n = values.Length;

        // With A = V diag(s^2) V', the eigenvalues are those of diag(s) V' B V diag(s).
        var columns = new double[n][];
        for (var i = 0; i < n; i++)
        {
            columns[i] = Array.ConvertAll(vectors, row => row[i]);
        }

        var inner = new double[n][];
        for (var i = 0; i < n; i++)
        {
            var image = Array.ConvertAll(b, row => TensorPrimitives.Dot<double>(row, columns[i]));
            inner[i] = Array.ConvertAll(columns, column => TensorPrimitives.Dot<double>(column, image));
            for (var j = 0; j < n; j++)
            {
                inner[i][j] *= Math.Sqrt(Math.Max(0, values[i]) * Math.Max(0, values[j]));
            }
        }

        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++)
            {
                inner[i][j] = inner[j][i] = 0.5 * (inner[i][j] + inner[j][i]);
            }
        }

        return SymmetricEigen.Of(inner).Values.Sum(value => Math.Sqrt(Math.Max(0, value)));
    }

    private static void CheckPairs(EmbeddingMatrix real, EmbeddingMatrix generated, ReadOnlySpan<int> realOfGenerated)
    {
        real.CheckWith(generated);
        if (realOfGenerated.Length != generated.Count)
        {
            throw new ArgumentException($"expected the real row of {generated.Count} generated ones, got {realOfGenerated.Length}.", nameof(realOfGenerated));
        }

        foreach (var row in realOfGenerated)
        {
            if ((uint)row >= (uint)real.Count)
            {
                throw new ArgumentException($"row {row} was named; there are {real.Count} real ones.", nameof(realOfGenerated));
            }
        }
    }
}
