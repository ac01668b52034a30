using System.Numerics.Tensors;
using GmailCluster.Randomness;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>
/// How well a plane tells two kinds of embeddings apart: balanced accuracy, on held-out ones, of a logistic regression. 0.5 is
/// no better than guessing, 1 is complete. Both kinds are split in half by a fixed permutation; each half is tested by the model
/// trained on the other, so every embedding counts once.
/// </summary>
internal static class LinearSeparability
{
    private const double Penalty = 1; // weight of |w|^2 / 2 against the summed loss, the usual default
    private const int MaxIterations = 50;

    public static double Of(EmbeddingMatrix a, EmbeddingMatrix b)
    {
        a.CheckWith(b, atLeast: 2);
        var (foldsA, foldsB) = (Folds(a, "a"), Folds(b, "b"));
        var (rightA, rightB) = (0, 0);
        for (var fold = 0; fold < 2; fold++)
        {
            var weights = Train(foldsA[1 - fold], foldsB[1 - fold]);
            rightA += foldsA[fold].Count(row => Score(weights, row) < 0);
            rightB += foldsB[fold].Count(row => Score(weights, row) > 0);
        }

        return 0.5 * (((double)rightA / a.Count) + ((double)rightB / b.Count));
    }

    private static double[][][] Folds(EmbeddingMatrix embeddings, string kind)
    {
        var order = CounterRandom.For(0, "linear-separability", kind).Permutation(embeddings.Count);
        var rows = embeddings.ToDouble();
        var half = (embeddings.Count + 1) / 2;
        return [[.. order.Take(half).Select(i => rows[i])], [.. order.Skip(half).Select(i => rows[i])]];
    }

    private static double Score(double[] weights, double[] row) =>
        TensorPrimitives.Dot<double>(weights.AsSpan(0, row.Length), row) + weights[^1];

    // Newton's method: the loss is convex and, with the penalty, has one minimum. Kinds weigh the same, whatever their numbers.
    private static double[] Train(double[][] a, double[][] b)
    {
        var width = a[0].Length;
        var weights = new double[width + 1];
        var (weightA, weightB) = ((a.Length + b.Length) / (2.0 * a.Length), (a.Length + b.Length) / (2.0 * b.Length));
        for (var iteration = 0; iteration < MaxIterations; iteration++)
        {
            var gradient = new double[width + 1];
            var hessian = new double[width + 1][];
            for (var i = 0; i <= width; i++)
            {
                hessian[i] = new double[width + 1];
            }

            Collect(a, 0, weightA, weights, gradient, hessian);
            Collect(b, 1, weightB, weights, gradient, hessian);
            for (var i = 0; i < width; i++) // the offset is free
            {
                gradient[i] += Penalty * weights[i];
                hessian[i][i] += Penalty;
            }

            hessian[width][width] += 1e-9; // all scores saturated: still solvable
            var step = Cholesky.Solve(hessian, gradient);
            TensorPrimitives.Subtract<double>(weights, step, weights);
            if (TensorPrimitives.Norm<double>(step) < 1e-10 * (1 + TensorPrimitives.Norm<double>(weights)))
            {
                break;
            }
        }

        return weights;
    }

    private static void Collect(double[][] rows, double label, double weight, double[] weights, double[] gradient, double[][] hessian)
    {
        var width = weights.Length - 1;
        var extended = new double[width + 1];
        extended[width] = 1;
        foreach (var row in rows)
        {
            row.CopyTo(extended, 0);
            var probability = 1 / (1 + Math.Exp(-Score(weights, row)));
            TensorPrimitives.MultiplyAdd<double>(extended, weight * (probability - label), gradient, gradient);
            var curvature = weight * probability * (1 - probability);
            for (var i = 0; i <= width; i++)
            {
                TensorPrimitives.MultiplyAdd<double>(extended.AsSpan(0, i + 1), curvature * extended[i], hessian[i].AsSpan(0, i + 1), hessian[i]);
            }
        }
    }
}
