using System.Diagnostics;
using System.Runtime.InteropServices;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;
using GmailCluster.Specs;
using GmailCluster.Telemetry;

namespace GmailCluster.Learning.Training;

/// <summary>
/// A run's state on one silo: one set of weights shared by the ranks that are here, the optimiser, and the step they are at.
/// Ranks call <see cref="RunStep"/> concurrently; when the last one here has brought its gradient, the step is summed along the
/// canonical tree, with the other silos where there are any, applied once, and committed. The result depends on the task and the
/// number of ranks, never on how many slots the pool has or which silo holds which rank.
/// </summary>
public sealed class TrainingReplica : IDisposable
{
    // Small finalised native objects fragment the heap; a young collection now and then keeps the resident set flat for about
    // a millisecond (measured: 2.5 GB against 300 MB after 300 small steps).
    private const int StepsPerYoungCollection = 8;

    // How much the newest step weighs in the measured pace: a single slow step does not move ranks.
    private const double PaceWeight = 0.2;

    private readonly ILearningTask _task;
    private readonly OptimizerSpec _optimizerSpec;
    private readonly ComputePool _pool;
    private readonly AdamW _optimizer;
    private readonly List<double> _losses = [];
    private readonly Lock _lock = new();
    private Memory<float>[] _gradients = [];
    private GradientBuckets? _buckets;
    private StepRound _round;
    private long _stepStartedAt;
    private TimeSpan? _pace;
    private volatile bool _holdAsked;
    private int? _heldAt;

    /// <summary>Starts at step 0 with all ranks here.</summary>
    /// <param name="task">Owned by the caller.</param>
    /// <param name="optimizer">AdamW's settings.</param>
    /// <param name="steps">Steps of the whole run.</param>
    /// <param name="worldSize">Virtual ranks R.</param>
    /// <param name="pool">Compute slots.</param>
    /// <param name="wire">How sums of gradients are rounded, on one silo as between several.</param>
    public TrainingReplica(
        ILearningTask task, OptimizerSpec optimizer, int steps, int worldSize, ComputePool pool, WireType wire = WireType.Float32)
    {
        ArgumentNullException.ThrowIfNull(task);
        _task = task;
        Wire = wire;
        _optimizerSpec = optimizer;
        _pool = pool;
        Steps = steps;
        WorldSize = worldSize;
        _optimizer = new AdamW(task.Parameters, optimizer, task.Decays);
        _round = new StepRound(0, new RankBlock(0, worldSize), worldSize, null);
    }

    /// <summary>
    /// Raised on a compute slot when a step has been applied, before any rank goes on: the place for a <see cref="Snapshot"/>.
    /// The argument is the number of committed steps.
    /// </summary>
    public event Action<int>? Committed;

    /// <summary>Told of steps and their parts; null for nobody.</summary>
    public RunMeter? Meter { get; set; }

    /// <summary>How sums of gradients are rounded.</summary>
    public WireType Wire { get; }

    /// <summary>Steps of the whole run.</summary>
    public int Steps { get; }

    /// <summary>Virtual ranks R.</summary>
    public int WorldSize { get; }

    /// <summary>How many steps have been applied.</summary>
    public int CommittedSteps
    {
        get
        {
            lock (_lock)
            {
                return _losses.Count;
            }
        }
    }

    /// <summary>The loss of each committed step.</summary>
    public IReadOnlyList<double> Losses
    {
        get
        {
            lock (_lock)
            {
                return [.. _losses];
            }
        }
    }

    /// <summary>The loss of the last committed step; null before the first.</summary>
    public double? LastLoss
    {
        get
        {
            lock (_lock)
            {
                return _losses.Count == 0 ? null : _losses[^1];
            }
        }
    }

    /// <summary>How long the ranks here take for a step, without waiting for ranks elsewhere: a running mean since <see cref="Begin"/>.</summary>
    public TimeSpan? Pace
    {
        get
        {
            lock (_lock)
            {
                return _pace;
            }
        }
    }

    /// <summary>
    /// Takes these ranks from the next step on. Call between steps, when no rank is in <see cref="RunStep"/>: what was begun of a
    /// step under an earlier plan is forgotten.
    /// </summary>
    /// <param name="block">The ranks that are here.</param>
    /// <param name="exchange">The way to the others; null when all are here. Owned by the caller.</param>
    public void Begin(RankBlock block, IRunExchange? exchange)
    {
        lock (_lock)
        {
            if (block.Count != _gradients.Length)
            {
                _gradients = []; // made anew when first needed
            }

            _round = new StepRound(_losses.Count, block, WorldSize, exchange);
            (_holdAsked, _heldAt, _pace, _stepStartedAt) = (false, null, null, 0);
        }
    }

    /// <summary>
    /// Asks all silos of the run to stop after the same step, the one in flight or the next: the wish travels with the losses, so
    /// that everybody learns of it in one step. <see cref="Begin"/> goes on.
    /// </summary>
    public void Hold() => _holdAsked = true;

    /// <summary>
    /// Computes one rank's gradient of the next step and waits until the step is committed. A second call for the same rank and
    /// step computes nothing and waits; a call for a step already committed returns at once.
    /// </summary>
    /// <returns>False when the run is held after this step.</returns>
    /// <exception cref="InvalidOperationException">The step lies ahead: a rank has skipped one.</exception>
    /// <exception cref="PeerLostException">Another silo of the run is gone.</exception>
    public async Task<bool> RunStep(int rank, int step, CancellationToken cancellationToken)
    {
        StepRound round;
        lock (_lock)
        {
            if (step < _losses.Count)
            {
                return step + 1 != _heldAt;
            }

            round = _round;
            _stepStartedAt = _stepStartedAt is 0 ? Stopwatch.GetTimestamp() : _stepStartedAt;
        }

        if (!round.Block.Contains(rank))
        {
            throw new ArgumentOutOfRangeException(nameof(rank), rank, $"Ranks {round.Block.First} to {round.Block.End - 1} are here.");
        }

        if (step > round.Step)
        {
            throw new InvalidOperationException($"Rank {rank} asked for step {step}, but step {round.Step} is not committed.");
        }

        if (round.TryStart(rank))
        {
            await Contribute(rank, round, cancellationToken).ConfigureAwait(false);
        }

        await round.Committed.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            return step + 1 != _heldAt;
        }
    }

    /// <summary>A copy of everything that the next step depends on, after a whole number of steps.</summary>
    public TrainingState Snapshot()
    {
        lock (_lock)
        {
            return new TrainingState(
                [.. _losses], _task.Parameters.Values.ToArray(), [.. _optimizer.FirstMoment], [.. _optimizer.SecondMoment]);
        }
    }

    /// <summary>Goes on from a snapshot, with the same ranks. Call between steps.</summary>
    public void Restore(TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_lock)
        {
            state.Values.CopyTo(_task.Parameters.Values);
            state.FirstMoment.CopyTo(_optimizer.FirstMoment.AsSpan());
            state.SecondMoment.CopyTo(_optimizer.SecondMoment.AsSpan());
            Meter?.Timeline.Restart(state.Losses);
            _losses.Clear();
            _losses.AddRange(state.Losses);
            _round = new StepRound(_losses.Count, _round.Block, WorldSize, _round.Exchange);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _round.Fail(new ObjectDisposedException(nameof(TrainingReplica)));

    private async Task Contribute(int rank, StepRound round, CancellationToken cancellationToken)
    {
        var sum = SumOf(round);
        try
        {
            var loss = await _task.Gradient(new RankStep(rank, round, sum, Learn, _pool), sum.Of(rank), cancellationToken).ConfigureAwait(false);
            if (round.Contribute(rank, loss))
            {
                await Finish(round, sum, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            round.Fail(failure);
            await sum.Stop().ConfigureAwait(false); // whoever takes the step up again writes to the same buffers
            throw;
        }
    }

    private GradientSum SumOf(StepRound round)
    {
        lock (_lock)
        {
            if (_gradients.Length != round.Block.Count)
            {
                _gradients = [.. Enumerable.Range(0, round.Block.Count).Select(_ => (Memory<float>)new float[_task.Parameters.Length])];
            }

            return round.Sum ??= new GradientSum(round, _gradients, _buckets, Wire);
        }
    }

    private void Learn(BackwardStages stages)
    {
        lock (_lock)
        {
            _buckets ??= GradientBuckets.Of(_task.Parameters.Slices, _task.Parameters.Length, stages.WholeAfter());
        }
    }

    private async Task Finish(StepRound round, GradientSum sum, CancellationToken cancellationToken)
    {
        Meter?.StepPhase("gradient", Stopwatch.GetElapsedTime(_stepStartedAt));
        if (round.Exchange is not { } exchange)
        {
            var shares = round.Losses.ToArray();
            await _pool.Run(
                () =>
                {
                    sum.Combine();
                    Commit(round, shares, _holdAsked);
                },
                cancellationToken).ConfigureAwait(false);
            return;
        }

        var begun = Stopwatch.GetTimestamp();
        var endings = exchange.AllGather(round.Step, "loss", StepEnding.Write(round.Losses, _holdAsked), cancellationToken);
        var buckets = _buckets ?? GradientBuckets.One(_task.Parameters.Length);
        await Task.WhenAll(endings, sum.Finish(exchange, buckets, cancellationToken)).ConfigureAwait(false);
        Meter?.StepPhase("exchange", Stopwatch.GetElapsedTime(begun));
        var (losses, isHeld) = StepEnding.Read(await endings.ConfigureAwait(false));
        await _pool.Run(() => Commit(round, losses, isHeld), cancellationToken).ConfigureAwait(false);
    }

    private void Commit(StepRound round, ReadOnlySpan<double> losses, bool isHeld)
    {
        var begun = Stopwatch.GetTimestamp();
        var loss = CanonicalTree.Combine(losses);
        if (!double.IsFinite(loss))
        {
            throw new Errors.GmailClusterException(
                $"step {round.Step}", $"The loss is {loss}.", "Lower the learning rate, add a warm-up, or set clip_norm.");
        }

        var gradient = _gradients[0].Span;
        GradientClip.Apply(_task.Parameters, gradient, _optimizerSpec.ClipNorm);
        var rate = CosineSchedule.LearningRate(_optimizerSpec, round.Step, Steps);
        lock (_lock)
        {
            _optimizer.Step(round.Step + 1, rate, _task.Parameters.Values, gradient);
            _losses.Add(loss);
            _heldAt = isHeld ? round.Step + 1 : null;
            _pace = _pace is { } pace ? pace + (PaceWeight * (round.Worked - pace)) : round.Worked;
            _round = new StepRound(round.Step + 1, round.Block, WorldSize, round.Exchange);
            Meter?.StepPhase("update", Stopwatch.GetElapsedTime(begun));
            Meter?.StepCommitted(round.Step + 1, Stopwatch.GetElapsedTime(_stepStartedAt), loss);
            _stepStartedAt = 0;
        }

        if (round.Step % StepsPerYoungCollection == 0)
        {
#pragma warning disable RS0030 // The one place that may: see StepsPerYoungCollection.
            GC.Collect(1); // what survived one young collection holds native memory, too
#pragma warning restore RS0030
        }

        Committed?.Invoke(round.Step + 1);
        round.Commit();
    }

    /// <summary>What members tell one another at the end of a step: for each rank its share of the loss, and whether its silo asks to hold.</summary>
    private static class StepEnding
    {
        private const int PerRank = 2;

        public static byte[] Write(ReadOnlySpan<double> losses, bool asksToHold)
        {
            var rows = new double[PerRank * losses.Length];
            for (var i = 0; i < losses.Length; i++)
            {
                (rows[PerRank * i], rows[(PerRank * i) + 1]) = (losses[i], asksToHold ? 1 : 0);
            }

            return MemoryMarshal.AsBytes(rows.AsSpan()).ToArray();
        }

        public static (double[] Losses, bool IsHeld) Read(byte[] gathered)
        {
            var rows = MemoryMarshal.Cast<byte, double>(gathered);
            var losses = new double[rows.Length / PerRank];
            var isHeld = false;
            for (var i = 0; i < losses.Length; i++)
            {
                losses[i] = rows[PerRank * i];
                isHeld |= rows[(PerRank * i) + 1] != 0;
            }

            return (losses, isHeld);
        }
    }
}
