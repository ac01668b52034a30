using GmailCluster.Learning.Compute;

namespace GmailCluster.Bench.Cases;

/// <summary>What a case does again and again.</summary>
internal abstract class Workload(ComputePool pool) : IDisposable
{
    /// <summary>What is counted, in the plural.</summary>
    public abstract string Unit { get; }

    /// <summary>How many of them a step does.</summary>
    public abstract int ItemsPerStep { get; }

    /// <summary>The slots.</summary>
    protected ComputePool Pool { get; } = pool;

    /// <summary>Does one step over all slots.</summary>
    public abstract Task Step();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>The workload of a case.</summary>
    public static Workload Of(BenchCase item, ComputePool pool) => item.Kind switch
    {
        "clip-forward" => new ClipForward(item, pool),
        "clip-train" => new TrainingWorkload(new ClipTraining(item), "pairs", item.Batch, pool),
        "unet-step" => new UNetStep(item, pool),
        "gpt2-decode" => new Gpt2Decoding(item, pool),
        "clipcap-train" => new TrainingWorkload(new ClipCapTraining(item), "captions", item.Batch, pool),
        "adamw" => new AdamWStep(item, pool),
        _ => throw new ArgumentException($"{item.Kind} is no workload.", nameof(item)),
    };

    /// <summary>Runs a piece for each slot and waits for all, as the ranks of a step do.</summary>
    protected Task OnEachSlot(Action<int> piece) =>
        Task.WhenAll(Enumerable.Range(0, Pool.Slots).Select(slot => Pool.Run(() => piece(slot), CancellationToken.None)));

    /// <summary>A slot's share of a batch.</summary>
    protected int Share(int batch) => batch % Pool.Slots == 0
        ? batch / Pool.Slots
        : throw new ArgumentException($"A batch of {batch} does not split over {Pool.Slots} slots.", nameof(batch));
}
