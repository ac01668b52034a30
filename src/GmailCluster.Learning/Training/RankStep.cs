using GmailCluster.Learning.Compute;

namespace GmailCluster.Learning.Training;

/// <summary>One rank's view of one step: who it is, a compute slot when it needs one, and the other ranks.</summary>
public sealed class RankStep
{
    private readonly ComputePool _pool;
    private readonly StepRound _round;

    internal RankStep(int rank, StepRound round, ComputePool pool)
    {
        Rank = rank;
        _round = round;
        _pool = pool;
    }

    /// <summary>0-based step.</summary>
    public int Step => _round.Step;

    /// <summary>0-based virtual rank.</summary>
    public int Rank { get; }

    /// <summary>How many virtual ranks the run has.</summary>
    public int WorldSize => _round.WorldSize;

    /// <summary>
    /// Runs a phase of the step on a compute slot. An autograd graph is built in one phase: where three gradients meet, their order
    /// of summation comes from a counter of the thread that recorded them.
    /// </summary>
    public Task<T> Compute<T>(Func<T> phase, CancellationToken cancellationToken) => _pool.Run(phase, cancellationToken);

    /// <summary>
    /// Gives this rank's rows and returns those of all ranks, end to end in rank order. Every rank calls it once a step for
    /// each name, with equally many values.
    /// </summary>
    public Task<float[]> AllGatherInRankOrder(string name, float[] own, CancellationToken cancellationToken) =>
        _round.AllGather(name, Rank, own, cancellationToken).WaitAsync(cancellationToken);
}
