using System.Runtime.InteropServices;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Randomness;
using static TorchSharp.torch;

namespace GmailCluster.Cluster.Tests.Training.Simulation;

/// <summary>
/// A task whose gradient depends on the weights, on numbers drawn by (step, rank), and on what all ranks gathered: a rank that
/// worked on another step, another state or other ranks' rows would leave other bits. Its backward pass has two stages.
/// </summary>
internal sealed class TinyTask : ILearningTask
{
    private const int Width = 37;

    // Enough for a sum of its own: its gradient is whole, and leaves, before that of "b".
    private const int LargeWidth = 16 << 10;

    private readonly BackwardStages _stages;

    public TinyTask() => _stages = new BackwardStages(Parameters, layers: 2, stages: 2);

    public FlatParameters Parameters { get; } = FlatParameters.Adopt([("a", nn.Parameter(linspace(-1, 1, LargeWidth))), ("b", nn.Parameter(ones(5)))]);

    /// <summary>Called before each rank's step.</summary>
    public Func<int, Task> OnStep { get; init; } = _ => Task.CompletedTask;

    public async Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        await OnStep(step.Step).WaitAsync(cancellationToken);
        var own = await step.Compute(() => Draw(step), cancellationToken);
        var all = await step.AllGatherInRankOrder("rows", own, cancellationToken);
        return await step.Compute(
            () =>
            {
                using var scope = NewDisposeScope();
                using var backward = _stages.Begin();
                var pull = tensor(all).view(step.WorldSize, Width) / arange(1, step.WorldSize + 1).view(-1, 1);
                var below = tensor(own) * pull.sum(0) * Parameters.Parameters[1].sum();
                var loss = (Parameters.Parameters[0].narrow(0, 0, Width) - backward.Cut(below, 1)).square().sum() / step.WorldSize;
                step.Differentiate(backward, [loss], null, gradient, cancellationToken);
                return (double)loss.item<float>();
            },
            cancellationToken);
    }

    public IReadOnlyDictionary<string, byte[]> Export() =>
        new Dictionary<string, byte[]> { ["values"] = MemoryMarshal.AsBytes(Parameters.Values).ToArray() };

    public void Dispose() => Parameters.Dispose();

    private static float[] Draw(RankStep step)
    {
        var random = CounterRandom.For((ulong)((step.Step * 1000) + step.Rank), "tiny");
        return [.. Enumerable.Range(0, Width).Select(_ => (float)random.NextDouble() - 0.5f)];
    }
}
