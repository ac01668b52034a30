using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Telemetry;

/// <summary>
/// The figures of one run on one silo: dispose it when the run is closed there. All members may be called from any thread.
/// </summary>
public sealed class RunMeter : IDisposable
{
    private static readonly ConcurrentDictionary<RunMeter, byte> Open = new();

    private readonly TimeProvider _time;
    private readonly long _openedAt;
    private readonly KeyValuePair<string, object?> _kind;
    private readonly KeyValuePair<string, object?> _run;
    private readonly ArtifactKey _key;
    private readonly Lock _lock = new();
    private StepTime _parts;
    private long _productiveTicks;
    private int _steps;

    /// <summary>Begins to count.</summary>
    /// <param name="run">The run.</param>
    /// <param name="kind">What its stage is.</param>
    /// <param name="time">The clock.</param>
    public RunMeter(ArtifactKey run, StageKind kind, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_key, _time, _openedAt) = (run, time, time.GetTimestamp());
        (_run, _kind) = (new(Attributes.Run, run.Value), new(Attributes.StageKind, Words.Of(kind)));
        Open[this] = 0;
    }

    /// <summary>The steps so far.</summary>
    public StepTimeline Timeline { get; } = new();

    /// <summary>The meter of a run that is open in this process; null for none.</summary>
    public static RunMeter? Find(ArtifactKey run) => Open.Keys.FirstOrDefault(meter => meter._key == run);

    /// <summary>A part of a step is over.</summary>
    /// <param name="phase"><c>gradient</c>, <c>exchange</c>, <c>update</c> or <c>snapshot</c>.</param>
    /// <param name="duration">How long it took.</param>
    public void StepPhase(string phase, TimeSpan duration)
    {
        var seconds = duration.TotalSeconds;
        Metrics.StepPhaseDuration.Record(seconds, _kind, new(Attributes.StepPhase, phase));
        lock (_lock)
        {
            _parts = phase switch
            {
                "gradient" => _parts with { Gradient = seconds },
                "exchange" => _parts with { Exchange = seconds },
                _ => _parts with { Update = seconds },
            };
        }
    }

    /// <summary>A step is committed.</summary>
    /// <param name="committedSteps">How many there are now.</param>
    /// <param name="duration">From its first rank's batch to now.</param>
    /// <param name="loss">The step's loss.</param>
    public void StepCommitted(int committedSteps, TimeSpan duration, double loss)
    {
        lock (_lock)
        {
            Timeline.Add(loss, _parts with { Whole = duration.TotalSeconds });
            _parts = default;
        }

        Volatile.Write(ref _steps, committedSteps);
        Interlocked.Add(ref _productiveTicks, duration.Ticks);
        Metrics.StepsCommitted.Add(1, _kind);
        Metrics.StepDuration.Record(duration.TotalSeconds, _kind);
    }

    /// <inheritdoc/>
    public void Dispose() => Open.TryRemove(this, out _);

    internal static IEnumerable<Measurement<double>> ObserveGoodput() => Open.Keys.Select(run => new Measurement<double>(run.Goodput, run._run, run._kind));

    internal static IEnumerable<Measurement<long>> ObserveSteps() => Open.Keys.Select(run => new Measurement<long>(Volatile.Read(ref run._steps), run._run, run._kind));

    private double Goodput => Math.Clamp(
        Interlocked.Read(ref _productiveTicks) / Math.Max(1.0, _time.GetElapsedTime(_openedAt).Ticks), 0, 1);
}
