using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>
/// Silos of one process that exchange through memory, in the plainest way: everybody tells everybody everything, and each
/// finishes the canonical tree alone. Tests cut, silence, delay and kill; time is the given clock's.
/// </summary>
public sealed class InMemoryNetwork(TimeProvider time)
{
    private readonly Dictionary<string, InMemoryDataPlane> _planes = new(StringComparer.Ordinal);
    private readonly Dictionary<(ArtifactKey Run, long GenerationNumber), InMemoryMeeting> _meetings = [];
    private readonly HashSet<(string, string)> _cut = [];
    private readonly HashSet<(string, string)> _silent = [];

    /// <summary>How long a member waits for the others of its plan.</summary>
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After how much silence a member is lost.</summary>
    public TimeSpan HeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Awaited before a message is delivered: the place to delay, to count, and to do harm at a certain moment.</summary>
    public Func<InMemoryMessage, Task>? BeforeDelivery { get; set; }

    internal Lock Lock { get; } = new();

    internal TimeProvider Time => time;

    /// <summary>A silo's data plane; its address is the silo's name. A silo that was killed gets a new one.</summary>
    public InMemoryDataPlane Plane(string silo)
    {
        lock (Lock)
        {
            if (!_planes.TryGetValue(silo, out var plane) || plane.IsDead)
            {
                _planes[silo] = plane = new InMemoryDataPlane(this, silo);
            }

            return plane;
        }
    }

    /// <summary>Breaks the connections of two silos, and refuses new ones until <see cref="Mend"/>.</summary>
    public void Cut(string one, string other)
    {
        lock (Lock)
        {
            _cut.Add(Pair(one, other));
            foreach (var exchange in Exchanges(one, other))
            {
                exchange.Lose(exchange.Silo == one ? other : one, "the connection is cut");
            }
        }
    }

    /// <summary>Lets whatever two silos tell one another vanish until <see cref="Mend"/>: they notice when the heartbeat is due.</summary>
    public async Task Silence(string one, string other)
    {
        InMemoryExchange[] touched;
        lock (Lock)
        {
            _silent.Add(Pair(one, other));
            touched = [.. Exchanges(one, other)];
        }

        await Task.Delay(HeartbeatTimeout, time);
        lock (Lock)
        {
            foreach (var exchange in touched)
            {
                exchange.Lose(exchange.Silo == one ? other : one, $"nothing heard for {HeartbeatTimeout.TotalSeconds} s");
            }
        }
    }

    /// <summary>Ends <see cref="Cut"/> and <see cref="Silence"/>; what was lost stays lost.</summary>
    public void Mend(string one, string other)
    {
        lock (Lock)
        {
            _cut.Remove(Pair(one, other));
            _silent.Remove(Pair(one, other));
        }
    }

    /// <summary>Ends a silo as <c>kill -9</c> would: its connections break, its own calls never come to anything.</summary>
    public void Kill(string silo)
    {
        lock (Lock)
        {
            if (_planes.TryGetValue(silo, out var plane))
            {
                plane.IsDead = true;
            }

            foreach (var meeting in _meetings.Values.Where(meeting => meeting.Plan.Members.Any(member => member.Silo == silo)))
            {
                meeting.Lose(silo, "was killed");
            }
        }
    }

    internal InMemoryDataPlane? Find(string silo) => _planes.GetValueOrDefault(silo) is { IsDead: false } plane ? plane : null;

    internal bool IsCut(string one, string other) => _cut.Contains(Pair(one, other));

    internal bool IsSilent(string one, string other) => _silent.Contains(Pair(one, other));

    internal InMemoryMeeting Meeting(ExchangePlan plan)
    {
        if (!_meetings.TryGetValue((plan.Run, plan.GenerationNumber), out var meeting))
        {
            _meetings.Add((plan.Run, plan.GenerationNumber), meeting = new InMemoryMeeting(plan));
        }

        return meeting;
    }

    internal async Task Deliver(InMemoryMessage message)
    {
        if (BeforeDelivery is { } hook)
        {
            await hook(message);
        }
    }

    private IEnumerable<InMemoryExchange> Exchanges(string one, string other) =>
        _meetings.Values.SelectMany(meeting => meeting.Between(one, other));

    private static (string, string) Pair(string one, string other) => string.CompareOrdinal(one, other) < 0 ? (one, other) : (other, one);
}

/// <summary>What one member tells another.</summary>
/// <param name="From">Sender.</param>
/// <param name="To">Receiver.</param>
/// <param name="Plan">The sender's plan.</param>
/// <param name="Step">0-based step.</param>
/// <param name="Name">Which gather; null for the gradients' sum.</param>
public sealed record InMemoryMessage(string From, string To, ExchangePlan Plan, int Step, string Name);
