using GmailCluster.Learning.Optim;

namespace GmailCluster.Learning.Exchange;

/// <summary>The exchange of a plan with one member, who hears itself.</summary>
public sealed class SoloExchange : IRunExchange
{
    /// <summary>Serves a plan.</summary>
    /// <exception cref="ArgumentException">The plan is not sound, or has other members.</exception>
    public SoloExchange(ExchangePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.Check();
        ArgumentOutOfRangeException.ThrowIfNotEqual(plan.Members.Count, 1, nameof(plan));
        Plan = plan;
    }

    /// <inheritdoc/>
    public ExchangePlan Plan { get; }

    /// <inheritdoc/>
    public Task<byte[]> AllGather(int step, string name, ReadOnlyMemory<byte> own, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(own.ToArray());
    }

    /// <inheritdoc/>
    public Task AllReduce(int step, int bucket, IReadOnlyList<Memory<float>> partials, Memory<float> sum, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CanonicalTree.Finish(Plan.SubtreesOf(Plan.Own), partials, sum, Plan.Wire);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
