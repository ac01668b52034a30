using GmailCluster.Learning.Contrastive;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Contrastive;

/// <summary>Plays all ranks one after the other, each with its own share of the rows (the last ones take one more when they do not divide).</summary>
internal static class ContrastiveOverRanks
{
    public static InfoNcePart[] InfoNce(Tensor a, Tensor b, int ranks, double scale, double labelSmoothing = 0)
    {
        var (allA, allB) = (a.detach(), b.detach());
        var own = Shares((int)a.shape[0], ranks).Select(s => (s.Offset, A: allA.narrow(0, s.Offset, s.Count), B: allB.narrow(0, s.Offset, s.Count))).ToArray();
        var sums = own.Select(o => Learning.Contrastive.InfoNce.LogSumExps(o.A, allB, o.B, allA, scale)).ToArray();
        var (row, column) = (cat([.. sums.Select(s => s.Row)]), cat([.. sums.Select(s => s.Column)]));
        return [.. own.Select(o => Learning.Contrastive.InfoNce.Gradient(o.A, o.B, allA, allB, row, column, o.Offset, scale, labelSmoothing))];
    }

    public static SigLipPart[] SigLip(Tensor a, Tensor b, int ranks, double scale, double bias)
    {
        var (allA, allB) = (a.detach(), b.detach());
        return [.. Shares((int)a.shape[0], ranks).Select(s => Learning.Contrastive.SigLip.Gradient(
            allA.narrow(0, s.Offset, s.Count), allB.narrow(0, s.Offset, s.Count), allA, allB, s.Offset, scale, bias))];
    }

    private static IEnumerable<(int Offset, int Count)> Shares(int rows, int ranks) =>
        Enumerable.Range(0, ranks).Select(r => (rows * r / ranks, (rows * (r + 1) / ranks) - (rows * r / ranks)));
}
