namespace GmailCluster.Learning.Work;

/// <summary>Counts finished items, from any thread.</summary>
public sealed class WorkProgress
{
    private long _done;

    /// <summary>Finished items.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>All items; 0 when not known.</summary>
    public long Total { get; private set; }

    /// <summary>Begins anew.</summary>
    public void Start(long total)
    {
        Total = total;
        Interlocked.Exchange(ref _done, 0);
    }

    /// <summary>Counts more as finished.</summary>
    public void Add(long items) => Interlocked.Add(ref _done, items);
}
