using System.Diagnostics;
using System.Diagnostics.Metrics;
using GmailCluster.Telemetry;

namespace GmailCluster.Pace;

/// <summary>
/// Times a training's steps after its first ones by the clock and by this process's time on all cores. It hears of the product's
/// steps through their own metrics.
/// </summary>
internal sealed class StepWatch : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private (long Clock, TimeSpan Cores) _begun;
    private (long Clock, TimeSpan Cores) _from;
    private int _fromStep;
    private int _lastStep;
    private int _committed;
    private double _held;

    public StepWatch()
    {
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => Note(_committed + 1));
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => NotePhase(seconds, tags));
        _listener.EnableMeasurementEvents(Metrics.StepsCommitted);
        _listener.EnableMeasurementEvents(Metrics.StepPhaseDuration);
    }

    /// <summary>What was measured last.</summary>
    public PaceFigures Figures { get; private set; } = new();

    /// <summary>A training is about to begin.</summary>
    /// <param name="from">The step after which time counts.</param>
    /// <param name="steps">The last step.</param>
    public void Expect(int from, int steps)
    {
        lock (_lock)
        {
            (_fromStep, _lastStep, _committed, _held) = (from, steps, 0, 0);
            Figures = new PaceFigures();
        }
    }

    public void Begin() => _begun = Now();

    /// <summary>The training is over, its files written.</summary>
    public void End()
    {
        lock (_lock)
        {
            var (seconds, cores) = Since(_begun);
            Figures = Figures with { WholeSeconds = seconds, WholeCoreSeconds = cores };
        }
    }

    /// <summary>So many steps are committed.</summary>
    public void Note(int committed)
    {
        lock (_lock)
        {
            _committed = committed;
            if (committed == _fromStep)
            {
                (_from, _held) = (Now(), 0);
            }
            else if (committed == _lastStep)
            {
                var (seconds, cores) = Since(_from);
                Figures = Figures with { Seconds = seconds, CoreSeconds = cores, HeldSeconds = _held };
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private void NotePhase(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (key, value) in tags)
        {
            if (key == Attributes.StepPhase && value is "snapshot")
            {
                lock (_lock)
                {
                    _held += seconds;
                }
            }
        }
    }

    private static (long Clock, TimeSpan Cores) Now() => (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

    private static (double Seconds, double CoreSeconds) Since((long Clock, TimeSpan Cores) then) =>
        (Stopwatch.GetElapsedTime(then.Clock).TotalSeconds, (Environment.CpuUsage.TotalTime - then.Cores).TotalSeconds);
}
