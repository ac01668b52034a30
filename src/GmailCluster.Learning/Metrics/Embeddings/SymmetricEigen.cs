namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>
/// Eigenvalues and vectors of a symmetric matrix in double precision: Householder's reduction to three diagonals, then implicit
/// QL (Bowdler, Martin, Reinsch, Wilkinson 1968; EISPACK tred2 and tql2). 768 columns take about a second.
/// </summary>
internal static class SymmetricEigen
{
    private const int MaxSweeps = 60; // EISPACK gives up after 30; 2 or 3 are usual

    /// <summary>Decomposes <paramref name="matrix"/>, [n][n], which is left as it is.</summary>
    /// <returns>Ascending values, [n], and vectors as columns, [n][n].</returns>
    public static (double[] Values, double[][] Vectors) Of(double[][] matrix)
    {
        var v = Array.ConvertAll(matrix, row => (double[])row.Clone());
        var d = new double[v.Length];
        var e = new double[v.Length];
        Tridiagonalize(v, d, e);
        Diagonalize(v, d, e);
        return (d, v);
    }

    private static void Tridiagonalize(double[][] v, double[] d, double[] e)
    {
        var n = d.Length;
        v[n - 1].CopyTo(d, 0);
        for (var i = n - 1; i > 0; i--)
        {
            var scale = 0.0;
            var h = 0.0;
            for (var k = 0; k < i; k++)
            {
                scale += Math.Abs(d[k]);
            }

            if (scale == 0)
            {
                e[i] = d[i - 1];
                for (var j = 0; j < i; j++)
                {
                    d[j] = v[i - 1][j];
                    v[i][j] = 0;
                    v[j][i] = 0;
                }
            }
            else
            {
                h = Reflect(v, d, e, i, scale);
            }

            d[i] = h;
        }

        Accumulate(v, d, e);
    }

    private static double Reflect(double[][] v, double[] d, double[] e, int i, double scale)
    {
        var h = 0.0;
        for (var k = 0; k < i; k++)
        {
            d[k] /= scale;
            h += d[k] * d[k];
        }

        var f = d[i - 1];
        var g = f > 0 ? -Math.Sqrt(h) : Math.Sqrt(h);
        e[i] = scale * g;
        h -= f * g;
        d[i - 1] = f - g;
        Array.Clear(e, 0, i);
        for (var j = 0; j < i; j++)
        {
            f = d[j];
            v[j][i] = f;
            g = e[j] + (v[j][j] * f);
            for (var k = j + 1; k <= i - 1; k++)
            {
                g += v[k][j] * d[k];
                e[k] += v[k][j] * f;
            }

            e[j] = g;
        }

        f = 0.0;
        for (var j = 0; j < i; j++)
        {
            e[j] /= h;
            f += e[j] * d[j];
        }

        var half = f / (h + h);
        for (var j = 0; j < i; j++)
        {
            e[j] -= half * d[j];
        }

        for (var j = 0; j < i; j++)
        {
            f = d[j];
            g = e[j];
            for (var k = j; k <= i - 1; k++)
            {
                v[k][j] -= (f * e[k]) + (g * d[k]);
            }

            d[j] = v[i - 1][j];
            v[i][j] = 0;
        }

        return h;
    }

    private static void Accumulate(double[][] v, double[] d, double[] e)
    {
        var n = d.Length;
        for (var i = 0; i < n - 1; i++)
        {
            v[n - 1][i] = v[i][i];
            v[i][i] = 1;
            var h = d[i + 1];
            if (h != 0)
            {
                for (var k = 0; k <= i; k++)
                {
                    d[k] = v[k][i + 1] / h;
                }

                for (var j = 0; j <= i; j++)
                {
                    var g = 0.0;
                    for (var k = 0; k <= i; k++)
                    {
                        g += v[k][i + 1] * v[k][j];
                    }

                    for (var k = 0; k <= i; k++)
                    {
                        v[k][j] -= g * d[k];
                    }
                }
            }

            for (var k = 0; k <= i; k++)
            {
                v[k][i + 1] = 0;
            }
        }

        for (var j = 0; j < n; j++)
        {
            d[j] = v[n - 1][j];
            v[n - 1][j] = 0;
        }

        v[n - 1][n - 1] = 1;
        e[0] = 0;
    }

    private static void Diagonalize(double[][] v, double[] d, double[] e)
    {
        var n = d.Length;
        Array.Copy(e, 1, e, 0, n - 1);
        e[n - 1] = 0;
        var f = 0.0;
        var largest = 0.0;
        var epsilon = Math.Pow(2, -52);
        for (var l = 0; l < n; l++)
        {
            largest = Math.Max(largest, Math.Abs(d[l]) + Math.Abs(e[l]));
            var m = l;
            while (m < n - 1 && Math.Abs(e[m]) > epsilon * largest)
            {
                m++;
            }

            for (var sweep = 0; m > l && Math.Abs(e[l]) > epsilon * largest; sweep++)
            {
                if (sweep == MaxSweeps)
                {
                    throw new ArithmeticException($"eigenvalue {l} did not converge in {MaxSweeps} sweeps: are all numbers finite?");
                }

                f += Sweep(v, d, e, l, m);
            }

            d[l] += f;
            e[l] = 0;
        }

        Sort(v, d);
    }

    private static double Sweep(double[][] v, double[] d, double[] e, int l, int m)
    {
        var g = d[l];
        var p = (d[l + 1] - g) / (2 * e[l]);
        var r = p < 0 ? -Hypotenuse(p, 1) : Hypotenuse(p, 1);
        d[l] = e[l] / (p + r);
        d[l + 1] = e[l] * (p + r);
        var next = d[l + 1];
        var shift = g - d[l];
        for (var i = l + 2; i < d.Length; i++)
        {
            d[i] -= shift;
        }

        p = d[m];
        var (c, c2, c3) = (1.0, 1.0, 1.0);
        var el1 = e[l + 1];
        var (s, s2) = (0.0, 0.0);
        for (var i = m - 1; i >= l; i--)
        {
            (c3, c2, s2) = (c2, c, s);
            g = c * e[i];
            var h = c * p;
            r = Hypotenuse(p, e[i]);
            e[i + 1] = s * r;
            s = e[i] / r;
            c = p / r;
            p = (c * d[i]) - (s * g);
            d[i + 1] = h + (s * ((c * g) + (s * d[i])));
            foreach (var row in v)
            {
                h = row[i + 1];
                row[i + 1] = (s * row[i]) + (c * h);
                row[i] = (c * row[i]) - (s * h);
            }
        }

        p = -s * s2 * c3 * el1 * e[l] / next;
        e[l] = s * p;
        d[l] = c * p;
        return shift;
    }

    private static void Sort(double[][] v, double[] d)
    {
        var order = Enumerable.Range(0, d.Length).OrderBy(i => d[i]).ThenBy(i => i).ToArray();
        var values = Array.ConvertAll(order, i => d[i]);
        values.CopyTo(d, 0);
        foreach (var row in v)
        {
            var sorted = Array.ConvertAll(order, i => row[i]);
            sorted.CopyTo(row, 0);
        }
    }

    private static double Hypotenuse(double a, double b) => double.Hypot(a, b);
}
