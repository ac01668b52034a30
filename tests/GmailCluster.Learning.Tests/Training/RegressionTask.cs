using System.Runtime.InteropServices;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Training;

/// <summary>A small real task: a network regressed on data drawn per (step, rank), with a gather of each rank's mean.</summary>
internal sealed class RegressionTask : ILearningTask
{
    private readonly Sequential _model = TestModels.TwoLayers(new Generator(1));
    private readonly BackwardStages _stages;

    public RegressionTask()
    {
        Parameters = FlatParameters.Adopt(_model.named_parameters().Select(p => (p.name, p.parameter)));
        _stages = new BackwardStages(Parameters, _model.Count, stages: 2);
    }

    public FlatParameters Parameters { get; }

    public Action<int, int>? OnStep { get; init; }

    public async Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        OnStep?.Invoke(step.Step, step.Rank);
        var own = await step.Compute(
            () =>
            {
                using var scope = NewDisposeScope();
                return MemoryMarshal.Cast<byte, float>(Input(step).mean([0]).bytes).ToArray();
            },
            cancellationToken);
        var means = await step.AllGatherInRankOrder("means", own, cancellationToken);
        return await step.Compute(
            () =>
            {
                using var scope = NewDisposeScope();
                using var backward = _stages.Begin();
                var center = tensor(means).view(step.WorldSize, -1).mean([0]);
                var hidden = Input(step) - center;
                foreach (var (below, layer) in _model.children().Cast<nn.Module<Tensor, Tensor>>().Index())
                {
                    hidden = layer.forward(backward.Cut(hidden, below));
                }

                var loss = (hidden - 1).square().mean() / step.WorldSize;
                step.Differentiate(backward, [loss], null, gradient, cancellationToken);
                return (double)loss.item<float>();
            },
            cancellationToken);
    }

    public IReadOnlyDictionary<string, byte[]> Export() =>
        new Dictionary<string, byte[]> { ["values"] = MemoryMarshal.AsBytes(Parameters.Values).ToArray() };

    public void Dispose()
    {
        Parameters.Dispose();
        _model.Dispose();
    }

    private static Tensor Input(RankStep step) =>
        randn([8, 5], generator: new Generator((ulong)((step.Step * 1000) + step.Rank)));
}
