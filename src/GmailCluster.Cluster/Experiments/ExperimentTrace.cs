using System.Diagnostics;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Telemetry;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// An experiment's spans and those of its stages, which last longer than any call: their owner begins and ends them. What a stage
/// does goes on in its trace, since the call that starts it carries the span.
/// </summary>
internal sealed class ExperimentTrace(TimeProvider time)
{
    private readonly Dictionary<ArtifactKey, RunningStage> _stages = [];
    private Activity? _experiment;

    /// <summary>Begins the experiment's span.</summary>
    /// <param name="id">The experiment.</param>
    /// <param name="before">The span that it had on the silo that was lost; null to go on in the trace of the caller.</param>
    /// <returns>The span, for whoever takes the experiment up after this silo; null when nobody listens.</returns>
    public string? Begin(string id, string? before = null)
    {
        End(StagePhase.Cancelled, null);
        var parent = before ?? (Activity.Current is { Recorded: true } ? TraceParent.Current : null);
        Activity.Current = null; // a call whose trace is not kept must not keep the experiment from having one
        _experiment = Spans.Experiment.StartUnder(parent)?.With(Attributes.Experiment, id);
        return _experiment?.Id;
    }

    /// <summary>Begins a stage's span and makes it the current one of the method that calls this.</summary>
    public void BeginStage(Stage stage)
    {
        EndStage(stage.Key, StagePhase.Cancelled);
        Activity.Current = _experiment;
        var span = _experiment is null ? null : Spans.Stage.Start(Words.Of(stage.Kind))?.WithStage(stage);
        _stages.Add(stage.Key, new RunningStage(span, new(Attributes.StageKind, Words.Of(stage.Kind)), time.GetTimestamp()));
        Metrics.StagesRunning.Add(1, _stages[stage.Key].Kind);
    }

    /// <summary>Ends a stage's span, if it has one.</summary>
    public void EndStage(ArtifactKey key, StagePhase phase, StageFailure? failure = null)
    {
        if (_stages.Remove(key, out var stage))
        {
            Metrics.StagesRunning.Add(-1, stage.Kind);
            Metrics.StageDuration.Record(time.GetElapsedTime(stage.StartedAt).TotalSeconds, stage.Kind, new(Attributes.Phase, Words.Of(phase)));
            stage.Span.End(phase, failure);
        }
    }

    /// <summary>Ends the experiment's span and those of stages that still have one.</summary>
    public void End(StagePhase phase, StageFailure? failure)
    {
        foreach (var key in _stages.Keys.ToArray())
        {
            EndStage(key, StagePhase.Cancelled);
        }

        _experiment.End(phase, failure);
        _experiment = null;
    }

    private sealed record RunningStage(Activity? Span, KeyValuePair<string, object?> Kind, long StartedAt);
}
