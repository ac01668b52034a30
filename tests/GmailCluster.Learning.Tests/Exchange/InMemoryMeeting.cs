using GmailCluster.Learning.Exchange;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>The members of one plan. Used under the network's lock.</summary>
internal sealed class InMemoryMeeting(ExchangePlan plan)
{
    private readonly InMemoryExchange?[] _members = new InMemoryExchange?[plan.Members.Count];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ExchangePlan Plan => plan;

    public Task Complete => _complete.Task;

    public IEnumerable<InMemoryExchange> Others(int self) => _members.OfType<InMemoryExchange>().Where(member => member.Plan.Self != self);

    public IEnumerable<InMemoryExchange> Between(string one, string other) =>
        plan.Members.Count(member => member.Silo == one || member.Silo == other) < 2
            ? []
            : _members.OfType<InMemoryExchange>().Where(member => member.Silo == one || member.Silo == other);

    public InMemoryExchange Enter(InMemoryNetwork network, ExchangePlan own)
    {
        if (own.WorldSize != plan.WorldSize || own.Wire != plan.Wire || !own.Members.SequenceEqual(plan.Members))
        {
            throw new PeerLostException(own.Own.Silo, $"has another plan of generation number {own.GenerationNumber}");
        }

        if (_complete.Task.IsFaulted)
        {
            throw _complete.Task.Exception!.InnerException!;
        }

        var entering = new InMemoryExchange(network, this, own);
        _members[own.Self] = entering;
        foreach (var member in plan.Members.Where(member => member.Silo != entering.Silo && network.IsCut(member.Silo, entering.Silo)))
        {
            Lose(member.Silo, "the connection is cut", entering.Silo);
        }

        if (_members.All(member => member is not null))
        {
            _complete.TrySetResult();
        }

        return entering;
    }

    public string Missing() => plan.Members[Array.IndexOf(_members, null)].Silo;

    /// <summary>A member's end is everybody's, as far as it was not in good order.</summary>
    /// <param name="silo">The member.</param>
    /// <param name="reason">How it showed.</param>
    /// <param name="by">To whom, if not to all.</param>
    public void Lose(string silo, string reason, string? by = null)
    {
        foreach (var member in _members.OfType<InMemoryExchange>())
        {
            member.Lose(silo, reason, by);
        }

        if (_complete.TrySetException(new PeerLostException(silo, reason) { By = by }))
        {
            _ = _complete.Task.Exception;
        }
    }
}
