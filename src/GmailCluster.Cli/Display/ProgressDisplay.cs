using Spectre.Console;

namespace GmailCluster.Cli.Display;

/// <summary>
/// Shows how far stages are. In a terminal: a line with a bar for each stage at work, redrawn in place. Elsewhere: a plain line now
/// and then. Safe to call from any thread.
/// </summary>
internal sealed class ProgressDisplay : IDisposable
{
    /// <summary>Least time between two drawings in a terminal.</summary>
    public static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Least time between two lines elsewhere.</summary>
    public static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly List<StageLine> _stages = [];
    private readonly bool _isTerminal;
    private int _drawnLineCount;
    private TimeSpan _lastShown;

    public ProgressDisplay(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _time = time;
        _origin = time.GetTimestamp();
        _isTerminal = console.Profile.Capabilities.Ansi;
        _lastShown = _isTerminal ? -RedrawInterval : TimeSpan.Zero;
    }

    /// <summary>Says how far a stage is. The first call begins it; what is done by then counts as cached.</summary>
    /// <param name="stage">Its name, such as "generate" or "caption gmail, seed 0".</param>
    /// <param name="done">Items finished.</param>
    /// <param name="total">Items in all; 0 when not known.</param>
    /// <param name="unit">What an item is, in the plural: "images".</param>
    public void Report(string stage, long done, long total, string unit)
    {
        lock (_lock)
        {
            var now = Now();
            var line = _stages.Find(known => known.Stage == stage);
            if (line is null)
            {
                line = new StageLine(stage, new StagePace(now, done));
                _stages.Add(line);
            }

            line.Pace.Note(now, done);
            (line.Done, line.Total, line.Unit) = (done, total, unit);
            if (now - _lastShown < (_isTerminal ? RedrawInterval : PlainInterval))
            {
                return;
            }

            _lastShown = now;
            if (_isTerminal)
            {
                Redraw();
            }
            else
            {
                _console.Profile.Out.Writer.WriteLine(line.Plain());
            }
        }
    }

    /// <summary>Ends a stage and leaves a line about it.</summary>
    /// <param name="stage">Its name.</param>
    /// <param name="summary">What it did, such as "500 images, 3.9 images/s" or "cached".</param>
    public void Complete(string stage, string summary)
    {
        lock (_lock)
        {
            var now = Now();
            var line = _stages.Find(known => known.Stage == stage);
            var took = line is null || now == line.Pace.StartedAt ? "" : $" ({Figures.Duration(now - line.Pace.StartedAt)})";
            _stages.Remove(line!);
            Above($"{stage}: {summary}{took}", "green");
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
