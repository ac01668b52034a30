using GmailCluster.Keys;
using GmailCluster.Learning.Training;

namespace GmailCluster.Learning.Exchange;

/// <summary>The data plane of a cluster of one silo: it opens no port, and nobody else can be reached.</summary>
public sealed class SoloDataPlane : IDataPlane
{
    /// <inheritdoc/>
    public string Address => "solo";

    /// <inheritdoc/>
    public Task<IRunExchange> Join(ExchangePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        cancellationToken.ThrowIfCancellationRequested();
        var other = plan.Members.FirstOrDefault(member => member != plan.Own);
        return other is null
            ? Task.FromResult<IRunExchange>(new SoloExchange(plan))
            : throw new PeerLostException(other.Silo, "this silo has no data plane to reach it by");
    }

    /// <inheritdoc/>
    public IDisposable Offer(ArtifactKey run, Func<TrainingState?> state) => new Nothing();

    /// <inheritdoc/>
    public Task<TrainingState?> Fetch(string address, ArtifactKey run, CancellationToken cancellationToken) =>
        throw new PeerLostException(address, "this silo has no data plane to reach it by");

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
