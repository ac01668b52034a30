namespace GmailCluster.Learning.Exchange;

/// <summary>
/// What the silos of a run tell one another in a step. Every member makes the same calls for a step; several may be under way
/// at once. The first connection that breaks ends all calls, present and future, with <see cref="PeerLostException"/>. A member
/// that disposes its exchange leaves in good order: what it has given still arrives, and only the first call that misses
/// something of it ends the exchange. A call that is cancelled ends the exchange, because the others could not finish theirs. Disposing ends the member's own
/// calls with <see cref="ObjectDisposedException"/>.
/// </summary>
public interface IRunExchange : IAsyncDisposable
{
    /// <summary>The plan that this exchange serves.</summary>
    ExchangePlan Plan { get; }

    /// <summary>Gives the rows of this silo's ranks, in rank order, and returns those of all ranks, in rank order.</summary>
    /// <param name="step">0-based step.</param>
    /// <param name="name">Which gather of the step.</param>
    /// <param name="own">Equally many values for each of the silo's ranks.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PeerLostException">A member is gone, or sent what no member would send.</exception>
    Task<byte[]> AllGather(int step, string name, ReadOnlyMemory<byte> own, CancellationToken cancellationToken);

    /// <summary>
    /// Sums all ranks' buffers along the canonical tree: each member gives the sums of the maximal subtrees that its ranks cover
    /// (<see cref="Optim.CanonicalTree"/>), chunk owners finish the tree in its one order, and everybody gets the whole sum.
    /// </summary>
    /// <param name="step">0-based step.</param>
    /// <param name="bucket">0-based: which sum of the step; each once.</param>
    /// <param name="partials">The silo's subtrees from left to right, as <see cref="Optim.CanonicalTree.CombineSubtrees"/> gives them; used as scratch.</param>
    /// <param name="sum">Filled with the sum; may be the first partial. Both belong to the caller again when the call has ended, however it ended.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PeerLostException">A member is gone, or sent what no member would send.</exception>
    Task AllReduce(int step, int bucket, IReadOnlyList<Memory<float>> partials, Memory<float> sum, CancellationToken cancellationToken);
}
