using GmailCluster.Learning.Contrastive;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Contrastive;

/// <summary>The hand-written gradients against autograd over the whole batch, in float64.</summary>
public sealed class ContrastiveGradientTests
{
    private const int Width = 5;

    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 4)]
    [InlineData(4, 3)]
    public void InfoNce_over_ranks_is_the_global_loss_and_its_gradient(int ranks, int each)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Rows(1, ranks * each), Rows(2, ranks * each));
        const double Scale = 6.5;
        var labels = arange(ranks * each, ScalarType.Int64);
        var logits = a.mm(b.t()) * Scale;
        var loss = (nn.functional.cross_entropy(logits, labels) + nn.functional.cross_entropy(logits.t(), labels)) / 2;
        var expected = autograd.grad([loss], [a, b]);

        var (allA, allB) = (a.detach(), b.detach());
        Tensor Own(Tensor all, int rank) => all.narrow(0, rank * each, each);
        var lse = Enumerable.Range(0, ranks).Select(rank => InfoNce.LogSumExps(Own(allA, rank), allB, Own(allB, rank), allA, Scale)).ToArray();
        var (row, column) = (cat([.. lse.Select(l => l.Row)]), cat([.. lse.Select(l => l.Column)]));
        var parts = Enumerable.Range(0, ranks)
            .Select(rank => InfoNce.Gradient(Own(allA, rank), Own(allB, rank), allA, allB, row, column, rank * each, Scale)).ToArray();

        Assert.Equal(loss.item<double>(), parts.Sum(part => part.Share), 12);
        Close(expected[0], cat([.. parts.Select(part => part.OwnA)]));
        Close(expected[1], cat([.. parts.Select(part => part.OwnB)]));
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(4, 3)]
    public void Mmd_over_ranks_is_the_global_value_and_its_gradient(int ranks, int each)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Rows(3, ranks * each), Rows(4, ranks * each));
        double[] sigmas = [0.35, 0.7];
        var value = Reference(x, y, sigmas);
        var expected = autograd.grad([value], [x])[0];

        var (allX, allY) = (x.detach(), y.detach());
        var parts = Enumerable.Range(0, ranks).Select(rank => Mmd.Gradient(
            allX.narrow(0, rank * each, each), allX, allY.narrow(0, rank * each, each), allY, rank * each, sigmas)).ToArray();

        Assert.Equal(value.item<double>(), parts.Sum(part => part.Share), 10);
        Close(expected, cat([.. parts.Select(part => part.Own)]));
    }

    private static Tensor Reference(Tensor x, Tensor y, double[] sigmas)
    {
        Tensor Kernel(Tensor a, Tensor b)
        {
            var distance = (a.unsqueeze(1) - b.unsqueeze(0)).square().sum([2]);
            return sigmas.Select(sigma => (distance * (-0.5 / (sigma * sigma))).exp()).Aggregate((p, q) => p + q);
        }

        var n = (double)x.shape[0];
        var off = 1 - eye(x.shape[0], dtype: ScalarType.Float64);
        return ((Kernel(x, x) * off).sum() / (n * (n - 1))) + ((Kernel(y, y) * off).sum() / (n * (n - 1))) - (Kernel(x, y).sum() * 2 / (n * n));
    }

    private static Tensor Rows(ulong seed, long count) =>
        nn.functional.normalize(randn([count, Width], ScalarType.Float64, generator: new Generator(seed)), dim: 1).detach().requires_grad_(true);

    private static void Close(Tensor expected, Tensor actual) => Assert.True((expected - actual).abs().max().item<double>() < 1e-10);
}
