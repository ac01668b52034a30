using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// The newest plan of each run that this silo has joined, and the callers that came for one it has not joined yet. Whoever comes
/// under an older generation number is refused.
/// </summary>
internal sealed class Meetings
{
    private const int MaxWaiting = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<ArtifactKey, Meeting> _runs = [];
    private int _waiting;

    /// <summary>Makes a plan the newest of its run; callers that waited for it are let in.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="exchange">Its exchange; null when there is nobody to meet.</param>
    /// <returns>The exchange that is over with this.</returns>
    /// <exception cref="PeerLostException">The plan is not newer.</exception>
    public TcpExchange? Join(ExchangePlan plan, TcpExchange? exchange)
    {
        lock (_lock)
        {
            var meeting = Of(plan.Run);
            if (plan.GenerationNumber <= meeting.Newest)
            {
                throw new PeerLostException(
                    plan.Own.Silo, $"it was given generation number {plan.GenerationNumber} after {meeting.Newest}, which is not older");
            }

            var former = meeting.Exchange;
            (meeting.Newest, meeting.Exchange) = (plan.GenerationNumber, exchange);
            foreach (var waiting in meeting.Waiting.Where(waiting => waiting.GenerationNumber <= plan.GenerationNumber).ToArray())
            {
                Remove(meeting, waiting);
                waiting.Joined.TrySetResult(waiting.GenerationNumber == plan.GenerationNumber ? exchange : null);
            }

            return former;
        }
    }

    /// <summary>Finds the exchange that a caller comes for; waits for it if this silo has not joined the plan yet.</summary>
    public async Task<(TcpExchange? Exchange, Verdict Verdict, long Newest)> Find(Hello hello, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        Meeting meeting;
        Waiting waiting;
        lock (_lock)
        {
            meeting = Of(hello.Run);
            if (hello.GenerationNumber <= meeting.Newest)
            {
                return Judge(meeting, hello, meeting.Exchange);
            }

            if (_waiting == MaxWaiting)
            {
                return (null, Verdict.NotJoined, meeting.Newest);
            }

            waiting = new Waiting(hello.GenerationNumber);
            meeting.Waiting.Add(waiting);
            _waiting++;
        }

        TcpExchange? exchange;
        try
        {
            exchange = await waiting.Joined.Task.WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return (null, Verdict.NotJoined, meeting.Newest);
        }
        finally
        {
            lock (_lock)
            {
                Remove(meeting, waiting);
            }
        }

        lock (_lock)
        {
            return Judge(meeting, hello, exchange);
        }
    }

    /// <summary>Ends all exchanges.</summary>
    public IReadOnlyList<TcpExchange> TakeAll()
    {
        lock (_lock)
        {
            return [.. _runs.Values.Select(meeting => meeting.Exchange).OfType<TcpExchange>()];
        }
    }

    private static (TcpExchange?, Verdict, long) Judge(Meeting meeting, Hello hello, TcpExchange? exchange)
    {
        var verdict = exchange is null || exchange.Plan.GenerationNumber != hello.GenerationNumber || !exchange.Awaits(hello.Member)
            ? Verdict.OldGenerationNumber
            : hello.Member <= exchange.Plan.Self || !hello.PlanDigest.Span.SequenceEqual(Hello.Digest(exchange.Plan))
                ? Verdict.OtherPlan
                : Verdict.Accepted;
        return (verdict == Verdict.Accepted ? exchange : null, verdict, meeting.Newest);
    }

    private void Remove(Meeting meeting, Waiting waiting)
    {
        if (meeting.Waiting.Remove(waiting))
        {
            _waiting--;
        }
    }

    private Meeting Of(ArtifactKey run)
    {
        if (!_runs.TryGetValue(run, out var meeting))
        {
            _runs.Add(run, meeting = new Meeting());
        }

        return meeting;
    }

    private sealed class Meeting
    {
        public long Newest { get; set; } = long.MinValue;

        public TcpExchange? Exchange { get; set; }

        public List<Waiting> Waiting { get; } = [];
    }

    private sealed class Waiting(long generationNumber)
    {
        public long GenerationNumber => generationNumber;

        public TaskCompletionSource<TcpExchange?> Joined { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
