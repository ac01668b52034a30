using CsCheck;
using GmailCluster.Learning.Metrics.Embeddings;
using GmailCluster.Randomness;

namespace GmailCluster.Learning.Tests.Metrics.Embeddings;

public class EmbeddingMetricTests
{
    [Fact]
    public void An_image_is_found_by_any_of_its_texts()
    {
        // Texts 0 and 1 belong to image 0, text 2 to image 1.
        float[] similarity = [0.1f, 0.9f, 0.5f, 0.8f, 0.7f, 0.6f];

        var scores = Recall.RecallAtK(similarity, [0, 0, 1], 2, [1, 2, 3]);

        Assert.Equal([0.5, 0.5, 1], scores.ImageToText);
        Assert.Equal([2 / 3.0, 1, 1], scores.TextToImage);
    }

    [Fact]
    public void A_model_that_scores_all_alike_gets_what_guessing_would()
    {
        var scores = Recall.RecallAtK(new float[100], [.. Enumerable.Range(0, 10)], 10, [1, 5]);

        Assert.Equal([0.1, 0.5], scores.ImageToText);
        Assert.Equal([0.1, 0.5], scores.TextToImage);
        Assert.Equal([0.1, 0.5], ZeroShot.TopK(new float[100], [.. Enumerable.Range(0, 10)], 10, [1, 5]));
    }

    [Fact]
    public void Nothing_is_found_among_numbers_that_are_none()
    {
        float[] similarity = [float.NaN, float.NaN, float.NaN, float.NaN];

        Assert.Equal([0.0], Recall.RecallAtK(similarity, [0, 1], 2, [1]).ImageToText);
    }

    [Fact]
    public void Wrong_shapes_and_labels_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Recall.RecallAtK(new float[3], [0, 1], 2, [1]));
        Assert.Throws<ArgumentException>(() => Recall.RecallAtK(new float[4], [0, 2], 2, [1]));
        Assert.Throws<ArgumentException>(() => Recall.RecallAtK(new float[4], [0, 0], 2, [1]));
        Assert.Throws<ArgumentException>(() => ZeroShot.TopK(new float[4], [0, 2], 2, [1]));
        Assert.Throws<ArgumentException>(() => new EmbeddingMatrix(new float[5], 2));
        Assert.Throws<ArgumentException>(() => ModalityGap.Cmmd(new EmbeddingMatrix(new float[4], 2), new EmbeddingMatrix(new float[4], 4)));
    }

    [Fact]
    public void Top_k_counts_the_classes_before_the_right_one() =>
        Assert.Equal([0.5, 1], ZeroShot.TopK([0.1f, 0.9f, 0.2f, 0.9f, 0.1f, 0.5f], [1, 2], 3, [1, 2]));

    [Fact]
    public void Equal_sets_have_no_gap()
    {
        var set = Normal("same", 60, 6, 0);
        int[] pairs = [.. Enumerable.Range(0, 60)];

        var gap = ModalityGap.Measure(set, set, pairs);

        Assert.Equal(0, gap.Cmmd, 1e-9);
        Assert.Equal(0, gap.Frechet, 1e-9);
        Assert.Equal(0, gap.CentroidDistance, 1e-12);
        Assert.Equal(1, gap.PairedCosine, 1e-12);
        Assert.Equal(1, gap.GeneratedToRealRecallAt1);
    }

    [Fact]
    public void Frechet_of_shifted_and_scaled_gaussians_is_the_closed_form()
    {
        // Same points, axis i scaled by s and shifted by 3: |mu|^2 + sum of var * (1 - s)^2.
        var x = Normal("x", 200, 4, 0);
        var y = new EmbeddingMatrix(x.Values.ToArray().Select(value => (2 * value) + 3).ToArray(), 4);
        var rows = Enumerable.Range(0, 200).Select(i => x.Row(i).ToArray().Select(value => (double)value).ToArray()).ToArray();
        var expected = 0.0;
        for (var i = 0; i < 4; i++)
        {
            var mean = rows.Average(row => row[i]);
            expected += Math.Pow(mean + 3, 2) + (rows.Sum(row => Math.Pow(row[i] - mean, 2)) / 199);
        }

        Assert.Equal(expected, ModalityGap.Frechet(x, y), 1e-4);
    }

    [Fact]
    public void Separability_is_half_for_one_distribution_and_one_for_two_far_ones()
    {
        Assert.InRange(ModalityGap.Separability(Normal("a", 600, 8, 0), Normal("b", 600, 8, 0)), 0.44, 0.56);
        Assert.Equal(1, ModalityGap.Separability(Normal("a", 40, 8, 0), Normal("b", 60, 8, 20)));
        Assert.Equal(
            ModalityGap.Separability(Normal("a", 100, 8, 0), Normal("b", 100, 8, 1)),
            ModalityGap.Separability(Normal("a", 100, 8, 0), Normal("b", 100, 8, 1)));
    }

    [Fact]
    public void Separability_of_shifted_gaussians_is_near_the_best_possible()
    {
        // Two unit Gaussians one unit apart along one axis: the best plane is right in Phi(1/2) = 0.691 of cases.
        var a = Normal("a", 4000, 3, 0);
        var shifted = Normal("b", 4000, 3, 0).Values.ToArray();
        for (var i = 0; i < shifted.Length; i += 3)
        {
            shifted[i] += 1;
        }

        Assert.Equal(0.691, ModalityGap.Separability(a, new EmbeddingMatrix(shifted, 3)), 0.015);
    }

    [Fact]
    public void Eigenvectors_rebuild_their_matrix() => Gen.Int[1, 12].Sample(n =>
    {
        var random = CounterRandom.For((ulong)n, "matrix");
        var matrix = new double[n][];
        for (var i = 0; i < n; i++)
        {
            matrix[i] = new double[n];
            for (var j = 0; j <= i; j++)
            {
                matrix[i][j] = matrix[j][i] = n % 3 == 0 && i != j ? 0 : random.NextDouble() - 0.5;
            }
        }

        var (values, vectors) = SymmetricEigen.Of(matrix);

        for (var i = 0; i < n; i++)
        {
            Assert.True(i == 0 || values[i] >= values[i - 1]);
            for (var j = 0; j < n; j++)
            {
                var rebuilt = Enumerable.Range(0, n).Sum(k => vectors[i][k] * values[k] * vectors[j][k]);
                Assert.Equal(matrix[i][j], rebuilt, 1e-10);
                Assert.Equal(i == j ? 1 : 0, Enumerable.Range(0, n).Sum(k => vectors[k][i] * vectors[k][j]), 1e-10);
            }
        }
    });

    [Fact]
    public void Principal_axes_follow_the_variance()
    {
        var random = CounterRandom.For(1, "pca");
        var noise = new float[400];
        random.FillNormal(noise);
        var rows = Enumerable.Range(0, 100).Select(i => new[] { noise[4 * i], 9 + (0.1f * noise[(4 * i) + 1]), -5 * noise[(4 * i) + 2] }).ToArray();

        var pca = Pca.Fit(EmbeddingMatrix.From(rows));
        var points = pca.Project(EmbeddingMatrix.From(rows));

        Assert.InRange(pca.Explained[0], 0.9, 1);
        Assert.Equal(0, points.Average(point => point[0]), 1e-6);
        var agreement = points.Zip(rows).Average(pair => pair.First[0] * pair.Second[2]) / rows.Average(row => row[2] * row[2]);
        Assert.InRange(agreement, 0.95, 1.05);
        Assert.Equal(points[3], Pca.Fit(EmbeddingMatrix.From(rows)).Project(EmbeddingMatrix.From(rows))[3]);
    }

    private static EmbeddingMatrix Normal(string stream, int count, int width, float shift)
    {
        var values = new float[count * width];
        var random = CounterRandom.For(3, stream);
        random.FillNormal(values);
        return new EmbeddingMatrix(Array.ConvertAll(values, value => value + shift), width);
    }
}
