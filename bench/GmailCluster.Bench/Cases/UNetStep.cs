using GmailCluster.Learning.Compute;
using GmailCluster.Models.Diffusion;
using static TorchSharp.torch;

namespace GmailCluster.Bench.Cases;

/// <summary>One denoising step of a UNet, texts included, without guidance: the same work as in the reference.</summary>
internal sealed class UNetStep : Workload
{
    private readonly UNet2DConditionModel _unet;
    private readonly (Tensor Sample, Tensor Text)[] _inputs;
    private readonly Tensor _time = tensor([500f]);

    public UNetStep(BenchCase item, ComputePool pool)
        : base(pool)
    {
        var config = UNet2DConditionConfig.Load(item.ConfigFolder);
        _unet = RandomWeights.Fill(new UNet2DConditionModel(config));
        using var generator = new Generator(0);
        _inputs = [.. Enumerable.Range(0, pool.Slots).Select(_ => (
            randn([Share(item.Batch), config.InChannels, config.SampleSize.Height, config.SampleSize.Width], generator: generator),
            randn([Share(item.Batch), item.Tokens, config.CrossAttentionDim[0]], generator: generator)))];
        ItemsPerStep = item.Batch;
    }

    public override string Unit => "latents";

    public override int ItemsPerStep { get; }

    public override Task Step() => OnEachSlot(slot =>
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _unet.forward(_inputs[slot].Sample, _time, _inputs[slot].Text);
    });

    public override void Dispose()
    {
        _unet.Dispose();
        _time.Dispose();
        foreach (var (sample, text) in _inputs)
        {
            sample.Dispose();
            text.Dispose();
        }
    }
}
