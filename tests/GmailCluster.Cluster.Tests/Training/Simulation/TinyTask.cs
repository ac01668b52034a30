using System.Runtime.InteropServices;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Randomness;
using static TorchSharp.torch;

namespace GmailCluster.Cluster.Tests.Training.Simulation;

/// <summary>
/// A task whose gradient depends on the weights, on numbers drawn by (step, rank), and on what all ranks gathered: a rank that
/// worked on another step, another state or other ranks' rows would leave other bits.
/// </summary>
internal sealed class TinyTask : ILearningTask
{
    private const int Width = 37;

    public FlatParameters Parameters { get; } = FlatParameters.Adopt([("a", nn.Parameter(linspace(-1, 1, Width))), ("b", nn.Parameter(ones(5)))]);

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
                var values = Parameters.Values;
                var loss = 0f;
                for (var i = 0; i < Width; i++)
                {
                    var pull = 0f;
                    for (var rank = 0; rank < step.WorldSize; rank++)
                    {
                        pull += all[(rank * Width) + i] / (1 + rank);
                    }

                    var difference = values[i] - (own[i] * pull);
                    gradient.Span[i] = 2 * difference / step.WorldSize;
                    loss += difference * difference / step.WorldSize;
                }

                return (double)loss;
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
