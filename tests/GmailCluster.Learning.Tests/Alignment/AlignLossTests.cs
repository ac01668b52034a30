using GmailCluster.Learning.Alignment;
using GmailCluster.Specs;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Alignment;

/// <summary>The loss split over ranks against the same loss written plainly over the whole batch, differentiated by autograd.</summary>
public sealed class AlignLossTests
{
    private const int Rows = 8;
    private const int Width = 6;
    private const int Positions = 3;
    private const double TextScale = 12;

    private static readonly AlignLossWeights Everything = new(1, 0.07, 1, 0.5, 50, [0.35, 0.7], 0.7, 30, 20, 0.8);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Shares_and_gradients_of_all_ranks_sum_to_the_global_loss_and_its_gradient(int worldSize)
    {
        using var scope = NewDisposeScope();
        var embeddings = Unit(Random(1, Rows, Width)).requires_grad_(true);
        var patches = Random(2, Rows, Positions, Width).requires_grad_(true);
        var (real, text, realPatches) = (Unit(Random(3, Rows, Width)), Unit(Random(4, Rows, Width)), Random(5, Rows, Positions, Width));
        var loss = Reference(embeddings, real, text, patches, realPatches);
        var expected = autograd.grad([loss], [embeddings, patches]);

        var split = new AlignLoss(Everything, TextScale);
        var rows = new AlignRows(
            embeddings.detach(), real, text, AlignLoss.UnitPatches(patches).detach(), AlignLoss.UnitPatches(realPatches),
            AlignLoss.MeanPatch(patches).detach(), AlignLoss.MeanPatch(realPatches));
        var lse = Enumerable.Range(0, worldSize).SelectMany(rank => split.OwnLogSumExps(rows, rank, worldSize)).ToArray();
        var share = 0.0;
        var gradients = new[] { zeros_like(embeddings), zeros_like(patches) };
        for (var rank = 0; rank < worldSize; rank++)
        {
            var each = Rows / worldSize;
            var ownPatches = patches.narrow(0, rank * each, each);
            var own = new AlignOutputs(
                embeddings.narrow(0, rank * each, each), split.PatchCosine(ownPatches, realPatches.narrow(0, rank * each, each), Rows),
                AlignLoss.UnitPatches(ownPatches), AlignLoss.MeanPatch(ownPatches));
            var part = split.OwnGradients(rows, own, lse, rank, worldSize);
            share += part.Share;
            var parts = autograd.grad([.. part.Outputs], [embeddings, patches], [.. part.Gradients]);
            gradients = [gradients[0] + parts[0], gradients[1] + parts[1]];
        }

        Assert.Equal(loss.item<float>(), share, 1e-4 * Math.Abs(loss.item<float>()));
        Close(expected[0], gradients[0]);
        Close(expected[1], gradients[1]);
    }

    [Fact]
    public void The_paper_preset_is_info_nce_alone_and_matched_adds_the_other_terms()
    {
        var paper = new AlignLossSpec().Over(AlignPreset.Paper);
        var matched = new AlignLossSpec { Mmd = 7 }.Over(AlignPreset.Matched);

        Assert.Equal((1.0, 0.07, 0.0, 0.0, 0.0), (paper.RealInfoNce, paper.RealTemperature, paper.Cosine, paper.TextInfoNce, paper.Mmd));
        Assert.Equal((1.0, 0.5, 7.0, false), (matched.Cosine, matched.TextInfoNce, matched.Mmd, matched.NeedsPatches));
    }

    private static Tensor Reference(Tensor z, Tensor real, Tensor text, Tensor patches, Tensor realPatches)
    {
        var w = Everything;
        var loss = (w.RealInfoNce * InfoNce(z, real, 1 / w.RealTemperature)) + (w.Cosine * (1 - (z * real).sum([1]).mean()))
            + (w.TextInfoNce * InfoNce(z, text, TextScale)) + (w.Mmd * Mmd(z, real))
            + (w.PatchCosine * (1 - (Unit(patches) * Unit(realPatches)).sum([2])).mean())
            + (w.PatchMmd * Mmd(Unit(patches.mean([1])), Unit(realPatches.mean([1]))));
        for (var n = 0; n < Positions; n++)
        {
            loss += w.PatchPositionMmd / Positions * Mmd(Unit(patches).select(1, n), Unit(realPatches).select(1, n));
        }

        var (map, realMap) = (Unit(patches).flatten(1) / Math.Sqrt(Positions), Unit(realPatches).flatten(1) / Math.Sqrt(Positions));
        return loss + (w.PatchInfoNce * InfoNce(map, realMap, 1 / w.RealTemperature));
    }

    private static Tensor InfoNce(Tensor a, Tensor b, double scale)
    {
        var logits = a.mm(b.t()) * scale;
        var labels = arange(Rows, ScalarType.Int64);
        return (nn.functional.cross_entropy(logits, labels) + nn.functional.cross_entropy(logits.t(), labels)) / 2;
    }

    private static Tensor Mmd(Tensor x, Tensor y)
    {
        static Tensor Kernel(Tensor a, Tensor b) => Everything.MmdSigmas
            .Select(sigma => ((a.unsqueeze(1) - b.unsqueeze(0)).square().sum([2]) * (-0.5 / (sigma * sigma))).exp()).Aggregate((p, q) => p + q);
        var off = 1 - eye(Rows);
        return (((Kernel(x, x) + Kernel(y, y)) * off).sum() / (Rows * (Rows - 1))) - (Kernel(x, y).sum() * 2 / (Rows * Rows));
    }

    private static Tensor Unit(Tensor x) => nn.functional.normalize(x, dim: -1);

    private static Tensor Random(ulong seed, params long[] shape) => randn(shape, generator: new Generator(seed));

    private static void Close(Tensor expected, Tensor actual) =>
        Assert.True((expected - actual).abs().max().item<float>() < 1e-3f * expected.abs().max().item<float>(), $"{(expected - actual).abs().max().item<float>()}");
}
