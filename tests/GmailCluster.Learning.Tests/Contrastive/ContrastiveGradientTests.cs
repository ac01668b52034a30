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
    [InlineData(1, 7, 0.0)]
    [InlineData(3, 7, 0.0)]
    [InlineData(3, 7, 0.1)]
    public void InfoNce_with_smoothed_labels_and_its_scale_are_differentiated_exactly(int ranks, int rows, double smoothing)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Rows(1, rows), Rows(2, rows));
        var scale = tensor(6.5, ScalarType.Float64, requires_grad: true);
        var logits = a.mm(b.t()) * scale;
        var labels = arange(rows, ScalarType.Int64);
        var loss = (nn.functional.cross_entropy(logits, labels, label_smoothing: smoothing)
            + nn.functional.cross_entropy(logits.t(), labels, label_smoothing: smoothing)) / 2;
        var expected = autograd.grad([loss], [a, b, scale]);

        var parts = ContrastiveOverRanks.InfoNce(a, b, ranks, 6.5, smoothing);

        Assert.Equal(loss.item<double>(), parts.Sum(part => part.Share), 12);
        Close(expected[0], cat([.. parts.Select(part => part.OwnA)]));
        Close(expected[1], cat([.. parts.Select(part => part.OwnB)]));
        Assert.Equal(expected[2].item<double>(), parts.Sum(part => part.Scale), 10);
    }

    [Theory]
    [InlineData(1, 7)]
    [InlineData(3, 7)]
    public void SigLip_over_ranks_is_the_global_loss_and_its_gradient(int ranks, int rows)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Rows(1, rows), Rows(2, rows));
        var (scale, bias) = (tensor(4.5, ScalarType.Float64, requires_grad: true), tensor(-1.5, ScalarType.Float64, requires_grad: true));
        var signs = (eye(rows, dtype: ScalarType.Float64) * 2) - 1;
        var loss = nn.functional.logsigmoid(((a.mm(b.t()) * scale) + bias) * signs).sum().neg() / rows;
        var expected = autograd.grad([loss], [a, b, scale, bias]);

        var parts = ContrastiveOverRanks.SigLip(a, b, ranks, 4.5, -1.5);

        Assert.Equal(loss.item<double>(), parts.Sum(part => part.Share), 10);
        Close(expected[0], cat([.. parts.Select(part => part.OwnA)]));
        Close(expected[1], cat([.. parts.Select(part => part.OwnB)]));
        Assert.Equal(expected[2].item<double>(), parts.Sum(part => part.Scale), 10);
        Assert.Equal(expected[3].item<double>(), parts.Sum(part => part.Bias), 10);
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
