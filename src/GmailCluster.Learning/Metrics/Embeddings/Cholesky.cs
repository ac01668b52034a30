using System.Numerics.Tensors;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>Solves a positive definite system of equations.</summary>
internal static class Cholesky
{
    /// <summary>x of A x = b.</summary>
    /// <param name="matrix">A, [n][n], its lower half; overwritten.</param>
    /// <param name="right">b, [n].</param>
    public static double[] Solve(double[][] matrix, double[] right)
    {
        var n = right.Length;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var rest = matrix[i][j] - TensorPrimitives.Dot<double>(matrix[i].AsSpan(0, j), matrix[j].AsSpan(0, j));
                if (i != j)
                {
                    matrix[i][j] = rest / matrix[j][j];
                }
                else if (rest > 0)
                {
                    matrix[i][i] = Math.Sqrt(rest);
                }
                else
                {
                    throw new ArithmeticException($"row {i}: the matrix is not positive definite. Are all numbers finite?");
                }
            }
        }

        var solution = (double[])right.Clone();
        for (var i = 0; i < n; i++)
        {
            solution[i] = (solution[i] - TensorPrimitives.Dot<double>(matrix[i].AsSpan(0, i), solution.AsSpan(0, i))) / matrix[i][i];
        }

        for (var i = n - 1; i >= 0; i--)
        {
            solution[i] /= matrix[i][i];
            TensorPrimitives.MultiplyAdd<double>(matrix[i].AsSpan(0, i), -solution[i], solution.AsSpan(0, i), solution);
        }

        return solution;
    }
}
