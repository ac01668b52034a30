using GmailCluster.Learning.Compute;

namespace GmailCluster.Learning.Training;

/// <summary>One rank's view of one step: who it is, a compute slot when it needs one, and the other ranks.</summary>
public sealed class RankStep
{
    private readonly ComputePool _pool;
    private readonly StepRound _round;
    private readonly GradientSum _sum;
    private readonly Action<BackwardStages> _learned;

    /// <param name="rank">Who it is.</param>
    /// <param name="round">The step.</param>
    /// <param name="sum">Where gradients go.</param>
    /// <param name="learned">Told of the stages once a backward pass has shown which parameters they reach.</param>
    /// <param name="pool">Compute slots.</param>
    internal RankStep(int rank, StepRound round, GradientSum sum, Action<BackwardStages> learned, ComputePool pool) =>
        (Rank, _round, _sum, _learned, _pool) = (rank, round, sum, learned, pool);

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
    /// Runs the backward pass. Gradients of the upper layers are summed with those of the other ranks while the lower layers' are
    /// computed. To be called in a phase, once a step.
    /// </summary>
    /// <param name="backward">What was cut in the forward pass.</param>
    /// <param name="outputs">What to differentiate.</param>
    /// <param name="outputGradients">Gradient of the loss by each output; null where the output is the scalar loss itself.</param>
    /// <param name="gradient">The rank's gradient; filled.</param>
    /// <param name="cancellationToken">Ends the step.</param>
    public void Differentiate(
        StagedBackward backward, IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor>? outputGradients, Memory<float> gradient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backward);
        backward.Run(outputs, outputGradients, gradient.Span, stage => _sum.Passed(stage, cancellationToken));
        _learned(backward.Stages);
    }

    /// <summary>
    /// Gives this rank's rows and returns those of all ranks, end to end in rank order. Every rank calls it once a step for
    /// each name, with equally many values.
    /// </summary>
    public Task<float[]> AllGatherInRankOrder(string name, float[] own, CancellationToken cancellationToken) =>
        _round.AllGather(name, Rank, own, cancellationToken).WaitAsync(cancellationToken);
}
