using System.Diagnostics;
using GmailCluster.Grains;
using GmailCluster.Stages;
using GmailCluster.Telemetry;

namespace GmailCluster.Cluster.Training;

/// <summary>The time from whatever ended a plan to the next plan, as a span and in figures.</summary>
internal sealed class Recovery
{
    private readonly Stage _stage;
    private readonly bool _hadPlan;
    private readonly bool _isOrderly;
    private readonly TimeProvider _time;
    private readonly long _since;
    private readonly Activity? _span;

    /// <summary>Begins.</summary>
    /// <param name="stage">What is trained.</param>
    /// <param name="reason">Why the plan ended, in words.</param>
    /// <param name="hadPlan">Ranks ran under it.</param>
    /// <param name="isOrderly">They had all stopped after the same step.</param>
    /// <param name="time">The clock.</param>
    public Recovery(Stage stage, string reason, bool hadPlan, bool isOrderly, TimeProvider time)
    {
        (_stage, _hadPlan, _isOrderly, _time, _since) = (stage, hadPlan, isOrderly, time, time.GetTimestamp());
        _span = Spans.Recovery.Start()?.WithRun(stage.Key).With(Attributes.Reason, reason);
    }

    /// <summary>Ends with the next plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="furthest">Steps that some silo had committed before.</param>
    /// <returns>Steps that are done again: what nobody has kept, and the one in flight.</returns>
    public int End(RunPlan plan, int furthest)
    {
        var kind = new KeyValuePair<string, object?>(Attributes.StageKind, Words.Of(_stage.Kind));
        Metrics.RecoveryDuration.Record(_time.GetElapsedTime(_since).TotalSeconds, kind);
        var lost = _hadPlan && !_isOrderly ? int.Max(furthest - plan.ResumeStep, 0) + 1 : 0;
        if (lost > 0)
        {
            Metrics.StepsLost.Add(lost, kind);
        }

        _span?.WithGenerationNumber(plan.GenerationNumber).WithStep(plan.ResumeStep);
        _span?.Dispose();
        return lost;
    }
}
