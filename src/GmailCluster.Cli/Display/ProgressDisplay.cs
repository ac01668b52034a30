using Spectre.Console;

namespace GmailCluster.Cli.Display;

/// <summary>
/// Shows how far stages are. In a terminal: a line with a bar for each stage at work, redrawn in place. Elsewhere: a plain line now
/// and then, none for a stage that is done before the first is due. Safe to call from any thread.
/// </summary>
internal sealed class ProgressDisplay : IDisposable
{
    /// <summary>Least time between two drawings in a terminal.</summary>
    public static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Least time between two lines about a stage elsewhere; a long stage reports each tenth of its time, at most a minute apart.</summary>
    public static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestPlainInterval = TimeSpan.FromMinutes(1);

    // The status is looked at several times a second: the rate of a shorter stage would be mostly error.
    private static readonly TimeSpan ShortestWithRate = TimeSpan.FromSeconds(1);
    private const long FewestWithRate = 10;

    private readonly Lock _lock = new();
    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly List<StageLine> _stages = [];
    private readonly bool _isTerminal;
    private int _drawnLineCount;
    private TimeSpan _lastDrawn = -RedrawInterval;

    public ProgressDisplay(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _time = time;
        _origin = time.GetTimestamp();
        _isTerminal = console.Profile.Capabilities.Ansi;
    }

    /// <summary>Says how far a stage is. The first call begins it; what is done by then counts for no speed.</summary>
    /// <param name="stage">Its name, such as "generate" or "caption gmail, seed 0".</param>
    /// <param name="done">Items finished.</param>
    /// <param name="total">Items in all; 0 when not known.</param>
    /// <param name="unit">What an item is, in the plural: "images".</param>
    /// <param name="before">How many of them an earlier attempt had finished, once that is known.</param>
    public void Report(string stage, long done, long total, string unit, long before = 0)
    {
        lock (_lock)
        {
            var now = Now();
            var line = _stages.Find(known => known.Stage == stage);
            if (line is null)
            {
                line = new StageLine(stage, new StagePace(now, done - before)) { LastShown = now, LastDone = done };
                _stages.Add(line);
            }

            line.Pace.Note(now, done - before);
            (line.Done, line.Total, line.Unit, line.Before) = (done, total, unit, before);
            if (_isTerminal)
            {
                RedrawWhenDue(now);
            }
            else
            {
                WritePlainWhenDue(line, now);
            }
        }
    }

    /// <summary>Ends a stage and leaves a line about it: "generate: 500 images, 14.2 images/s (35 s)".</summary>
    /// <param name="stage">Its name.</param>
    /// <param name="items">What it holds now.</param>
    /// <param name="unit">What an item is, in the plural.</param>
    public void Complete(string stage, long items, string unit)
    {
        lock (_lock)
        {
            var now = Now();
            var line = _stages.Find(known => known.Stage == stage);
            _stages.Remove(line!);
            Above($"{stage}: {Figures.Count(items)} {unit}{(line is null ? "" : Account(line, items, now - line.Pace.StartedAt))}", "green");
        }
    }

    /// <summary>Writes a line of its own, above the bars.</summary>
    public void WriteLine(string text)
    {
        lock (_lock)
        {
            Above(text, style: null);
        }
    }

    /// <summary>Removes the bars, so that what follows begins on a clean line.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stages.Clear();
            if (_isTerminal)
            {
                Redraw();
            }
        }
    }

    private TimeSpan Now() => _time.GetElapsedTime(_origin);

    private void Above(string text, string? style)
    {
        if (!_isTerminal)
        {
            _console.Profile.Out.Writer.WriteLine(text);
            return;
        }

        Erase();
        _console.MarkupLine(style is null ? Markup.Escape(text) : $"[{style}]✓[/] {Markup.Escape(text)}");
        Draw();
    }

    private static string Account(StageLine line, long items, TimeSpan took)
    {
        var done = items - line.Before - line.Pace.StartedWith;
        var before = line.Before > 0 ? $", {Figures.Count(line.Before)} of them before" : "";
        var rate = took >= ShortestWithRate && done >= FewestWithRate ? $", {Figures.Rate(done / took.TotalSeconds, line.Unit)}" : "";
        return $"{before}{rate}{(took > TimeSpan.Zero ? $" ({Figures.Duration(took)})" : "")}";
    }

    private void WritePlainWhenDue(StageLine line, TimeSpan now)
    {
        var interval = (now - line.Pace.StartedAt) / 10;
        interval = interval < PlainInterval ? PlainInterval : interval > LongestPlainInterval ? LongestPlainInterval : interval;
        if (line.Done == line.LastDone)
        {
            interval = LongestPlainInterval; // nothing new to say, but a sign of life
        }

        var isComplete = line.Total > 0 && line.Done >= line.Total; // the line that says so is about to come
        if (!isComplete && now - line.LastShown >= interval)
        {
            (line.LastShown, line.LastDone) = (now, line.Done);
            _console.Profile.Out.Writer.WriteLine(line.Plain());
        }
    }

    private void RedrawWhenDue(TimeSpan now)
    {
        if (now - _lastDrawn >= RedrawInterval)
        {
            _lastDrawn = now;
            Redraw();
        }
    }

    private void Redraw()
    {
        Erase();
        Draw();
    }

    private void Erase()
    {
        // Up to the first of our lines, then clear to the end of the screen.
        if (_drawnLineCount > 0)
        {
            _console.Write(new ControlCode($"\u001b[{_drawnLineCount}A\r\u001b[0J"));
        }

        _drawnLineCount = 0;
    }

    private void Draw()
    {
        // A line that wraps would be two on the screen and one in our count; more lines than the screen has cannot be erased.
        var width = Math.Max(20, _console.Profile.Width - 1);
        var shown = _stages.TakeLast(Math.Max(1, _console.Profile.Height - 2)).ToList();
        foreach (var line in shown)
        {
            _console.MarkupLine(line.Bar(width));
        }

        _drawnLineCount = shown.Count;
    }
}
