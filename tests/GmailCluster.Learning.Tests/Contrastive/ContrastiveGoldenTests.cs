using GmailCluster.Golden;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Contrastive;

/// <summary>Losses over ranks against torch's and open_clip's over the whole batch, fp32.</summary>
public sealed class ContrastiveGoldenTests
{
    [Fact]
    public void Clip_loss_over_ranks_is_the_references()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("clip-loss");
        var notes = Goldens.Notes("clip-loss");
        var (ranks, each) = (notes["world_size"]!.GetValue<int>(), notes["per_rank"]!.GetValue<int>());
        var (image, text) = (reference.Load("image"), reference.Load("text"));
        var scale = Math.Exp(reference.Load("logit_scale").item<float>());

        var parts = ContrastiveOverRanks.InfoNce(image, text, ranks, scale);

        Assert.Equal(ranks * each, image.shape[0]);
        Goldens.AssertClose(reference.Load("loss"), tensor(parts.Sum(p => p.Share)), what: "loss");
        Goldens.AssertClose(reference.Load("grad_image"), cat([.. parts.Select(p => p.OwnA)]), what: "grad_image");
        Goldens.AssertClose(reference.Load("grad_text"), cat([.. parts.Select(p => p.OwnB)]), what: "grad_text");
        Goldens.AssertClose(reference.Load("grad_logit_scale"), tensor(parts.Sum(p => p.Scale) * scale), what: "grad_logit_scale");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void SigLip_loss_over_ranks_is_the_references(int ranks)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("siglip-loss");
        var (image, text) = (reference.Load("image"), reference.Load("text"));

        var parts = ContrastiveOverRanks.SigLip(image, text, ranks, reference.Load("logit_scale").item<float>(), reference.Load("logit_bias").item<float>());

        Goldens.AssertClose(reference.Load("loss"), tensor(parts.Sum(p => p.Share)), what: "loss");
        Goldens.AssertClose(reference.Load("grad_image"), cat([.. parts.Select(p => p.OwnA)]), what: "grad_image");
        Goldens.AssertClose(reference.Load("grad_text"), cat([.. parts.Select(p => p.OwnB)]), what: "grad_text");
        Goldens.AssertClose(reference.Load("grad_logit_scale"), tensor(parts.Sum(p => p.Scale)), what: "grad_logit_scale");
        Goldens.AssertClose(reference.Load("grad_logit_bias"), tensor(parts.Sum(p => p.Bias)), what: "grad_logit_bias");
    }
}
