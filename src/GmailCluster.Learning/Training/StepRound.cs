namespace GmailCluster.Learning.Training;

/// <summary>The meeting of a run's ranks in one step: gathers by name, and the end that all wait for.</summary>
internal sealed class StepRound(int step, int worldSize)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Gather> _gathers = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly double[] _losses = new double[worldSize];
    private readonly bool[] _started = new bool[worldSize];
    private Exception? _failure;
    private int _contributions;

    public int Step => step;

    public int WorldSize => worldSize;

    public Task Committed => _committed.Task;

    public ReadOnlySpan<double> Losses => _losses;

    /// <summary>True for the first call of a rank: a second one only waits for the commit.</summary>
    public bool TryStart(int rank)
    {
        lock (_lock)
        {
            return !_started[rank] && (_started[rank] = true);
        }
    }

    /// <summary>Counts a rank's finished gradient; true for the last one, who commits.</summary>
    public bool Contribute(int rank, double loss)
    {
        lock (_lock)
        {
            _losses[rank] = loss;
            return ++_contributions == worldSize;
        }
    }

    public Task<float[]> AllGather(string name, int rank, float[] own)
    {
        lock (_lock)
        {
            if (_failure is not null)
            {
                return Task.FromException<float[]>(_failure);
            }

            if (!_gathers.TryGetValue(name, out var gather))
            {
                _gathers.Add(name, gather = new Gather(worldSize));
            }

            return gather.Add(rank, own);
        }
    }

    public void Commit() => _committed.TrySetResult();

    /// <summary>Ends the step for everybody: nobody waits for a rank that will not come.</summary>
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

    private sealed class Gather(int worldSize)
    {
        private readonly float[]?[] _parts = new float[worldSize][];
        private readonly TaskCompletionSource<float[]> _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task<float[]> Add(int rank, float[] own)
        {
            _parts[rank] = own;
            if (++_count == worldSize)
            {
                _all.TrySetResult([.. _parts.SelectMany(part => part!)]);
            }

            return _all.Task;
        }

        public void Fail(Exception failure)
        {
            if (_all.TrySetException(failure))
            {
                _ = _all.Task.Exception;
            }
        }
    }
}
