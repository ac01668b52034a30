namespace GmailCluster.Cli.Display;

/// <summary>How fast a stage goes, from what it reported: the mean over the last seconds. What was done before the first report (cached, resumed) counts for nothing.</summary>
internal sealed class StagePace
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Spacing = TimeSpan.FromSeconds(0.5);
    private readonly Queue<(TimeSpan At, long Done)> _samples = new();
    private (TimeSpan At, long Done) _last;

    public StagePace(TimeSpan startedAt, long done)
    {
        StartedAt = startedAt;
        StartedWith = done;
        _last = (startedAt, done);
        _samples.Enqueue(_last);
    }

    /// <summary>When the stage first reported.</summary>
    public TimeSpan StartedAt { get; }

    /// <summary>What it had done by then, in this attempt.</summary>
    public long StartedWith { get; }

    /// <summary>Notes a report.</summary>
    /// <param name="at">When.</param>
    /// <param name="done">Items done in this attempt.</param>
    public void Note(TimeSpan at, long done)
    {
        _last = (at, done);
        if (at - _samples.Last().At >= Spacing)
        {
            _samples.Enqueue(_last);
        }

        while (_samples.Count > 2 && at - _samples.Peek().At > Window)
        {
            _samples.Dequeue();
        }
    }

    /// <summary>Items a second lately; null while it cannot be told.</summary>
    public double? PerSecond()
    {
        var (at, done) = _samples.Peek();
        return _last.At > at && _last.Done > done ? (_last.Done - done) / (_last.At - at).TotalSeconds : null;
    }

    /// <summary>Time that so many more items take; null while it cannot be told.</summary>
    public TimeSpan? Left(long items) => PerSecond() is { } rate && rate > 0
        ? TimeSpan.FromSeconds(Math.Min(items / rate, TimeSpan.FromDays(999).TotalSeconds))
        : null;
}
