using System.Diagnostics;
using System.Runtime.InteropServices;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Learning.Training;

/// <summary>
/// The meeting of a silo's ranks in one step: gathers by name, which go on to the other silos when there are any, and the end
/// that all wait for.
/// </summary>
/// <param name="step">0-based step.</param>
/// <param name="block">Which ranks meet here.</param>
/// <param name="worldSize">Virtual ranks R.</param>
/// <param name="exchange">The way to the other silos; null when all ranks are here.</param>
internal sealed class StepRound(int step, RankBlock block, int worldSize, IRunExchange? exchange)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Gather> _gathers = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly double[] _losses = new double[block.Count];
    private readonly bool[] _started = new bool[block.Count];
    private Exception? _failure;
    private int _contributions;
    private long _workingSince;
    private long _workedTicks;

    public int Step => step;

    public int WorldSize => worldSize;

    public RankBlock Block => block;

    public IRunExchange? Exchange => exchange;

    public Task Committed => _committed.Task;

    /// <summary>The step's gradients; null before the first rank here begins.</summary>
    public GradientSum? Sum { get; set; }

    /// <summary>The local ranks' shares of the loss.</summary>
    public ReadOnlySpan<double> Losses => _losses;

    /// <summary>Time in which ranks here worked, without waiting for ranks elsewhere. Complete when all have contributed.</summary>
    public TimeSpan Worked => TimeSpan.FromTicks(_workedTicks);

    /// <summary>True for the first call of a rank: a second one only waits for the commit.</summary>
    public bool TryStart(int rank)
    {
        lock (_lock)
        {
            if (_workingSince == 0)
            {
                _workingSince = Stopwatch.GetTimestamp();
            }

            return !_started[rank - block.First] && (_started[rank - block.First] = true);
        }
    }

    /// <summary>Counts a rank's finished gradient; true for the last one here, who commits.</summary>
    public bool Contribute(int rank, double loss)
    {
        lock (_lock)
        {
            _losses[rank - block.First] = loss;
            var isLast = ++_contributions == block.Count;
            if (isLast)
            {
                CountWork();
            }

            return isLast;
        }
    }

    public Task<float[]> AllGather(string name, int rank, float[] own, CancellationToken cancellationToken)
    {
        Gather? gather;
        float[] local;
        lock (_lock)
        {
            if (_failure is not null)
            {
                return Task.FromException<float[]>(_failure);
            }

            if (!_gathers.TryGetValue(name, out gather))
            {
                _gathers.Add(name, gather = new Gather(block.Count));
            }

            if (!gather.Add(rank - block.First, own))
            {
                return gather.All;
            }

            local = gather.Rows();
            if (exchange is null)
            {
                gather.Complete(local);
                return gather.All;
            }

            CountWork();
        }

        _ = GatherElsewhere(gather, name, local, cancellationToken); // its outcome is the gather's
        return gather.All;
    }

    public void Commit() => _committed.TrySetResult();

    /// <summary>Ends the step for everybody here: nobody waits for a rank that will not come.</summary>
    public void Fail(Exception failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
            foreach (var gather in _gathers.Values)
            {
                gather.Fail(failure);
            }
        }

        _committed.TrySetException(failure);
        _ = _committed.Task.Exception; // observed here: ranks that have already left do not look
    }

    private async Task GatherElsewhere(Gather gather, string name, float[] local, CancellationToken cancellationToken)
    {
        try
        {
            var all = await exchange!.AllGather(step, name, MemoryMarshal.AsBytes(local.AsSpan()).ToArray(), cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                _workingSince = Stopwatch.GetTimestamp();
            }

            gather.Complete(MemoryMarshal.Cast<byte, float>(all).ToArray());
        }
#pragma warning disable CA1031 // The failure belongs to all who wait for the gather.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Fail(failure);
        }
    }

    private void CountWork()
    {
        _workedTicks += Stopwatch.GetElapsedTime(_workingSince).Ticks;
        _workingSince = Stopwatch.GetTimestamp();
    }

    private sealed class Gather(int count)
    {
        private readonly float[]?[] _parts = new float[count][];
        private readonly TaskCompletionSource<float[]> _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _missing = count;

        public Task<float[]> All => _all.Task;

        /// <summary>True for the last part.</summary>
        public bool Add(int index, float[] own)
        {
            _parts[index] = own;
            return --_missing == 0;
        }

        public float[] Rows() => [.. _parts.SelectMany(part => part!)];

        public void Complete(float[] all) => _all.TrySetResult(all);

        public void Fail(Exception failure)
        {
            if (_all.TrySetException(failure))
            {
                _ = _all.Task.Exception;
            }
        }
    }
}
