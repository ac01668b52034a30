using GmailCluster.Learning.Compute;
using GmailCluster.Models.Clip;
using static TorchSharp.torch;

namespace GmailCluster.Bench.Cases;

/// <summary>Both towers of CLIP and the similarities of what they give.</summary>
internal sealed class ClipForward : Workload
{
    private readonly ClipModel _model;
    private readonly (Tensor Pixels, Tensor Ids)[] _inputs;

    public ClipForward(BenchCase item, ComputePool pool)
        : base(pool)
    {
        _model = RandomWeights.Fill(new ClipModel(ClipConfig.Read(item.ConfigPath)));
        _inputs = [.. Enumerable.Range(0, pool.Slots).Select(slot => ClipInputs.Of(_model.Config, Share(item.Batch), (ulong)slot))];
        ItemsPerStep = item.Batch;
    }

    public override string Unit => "pairs";

    public override int ItemsPerStep { get; }

    public override Task Step() => OnEachSlot(slot =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        _model.Logits(_model.Vision.Encode(_inputs[slot].Pixels).Embedding, _model.Text.Encode(_inputs[slot].Ids).Embedding);
    });

    public override void Dispose()
    {
        _model.Dispose();
        foreach (var (pixels, ids) in _inputs)
        {
            pixels.Dispose();
            ids.Dispose();
        }
    }
}
