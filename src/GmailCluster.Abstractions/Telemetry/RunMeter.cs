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
    private long _productiveTicks;
    private int _steps;

    /// <summary>Begins to count.</summary>
    /// <param name="run">The run.</param>
    /// <param name="kind">What its stage is.</param>
    /// <param name="time">The clock.</param>
    public RunMeter(ArtifactKey run, StageKind kind, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_time, _openedAt) = (time, time.GetTimestamp());
        (_run, _kind) = (new(Attributes.Run, run.Value), new(Attributes.StageKind, Words.Of(kind)));
        Open[this] = 0;
    }

    /// <summary>A part of a step is over.</summary>
    /// <param name="phase"><c>gradient</c>, <c>exchange</c>, <c>update</c> or <c>snapshot</c>.</param>
    /// <param name="duration">How long it took.</param>
    public void StepPhase(string phase, TimeSpan duration) =>
        Metrics.StepPhaseDuration.Record(duration.TotalSeconds, _kind, new(Attributes.StepPhase, phase));

    /// <summary>A step is committed.</summary>
    /// <param name="committedSteps">How many there are now.</param>
    /// <param name="duration">From its first rank's batch to now.</param>
    public void StepCommitted(int committedSteps, TimeSpan duration)
    {
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
