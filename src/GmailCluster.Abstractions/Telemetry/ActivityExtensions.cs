using System.Diagnostics;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Telemetry;

/// <summary>
/// Attributes of spans. Write <c>Spans.Step.Start()?.WithRun(run).WithRank(rank)</c>: when nobody listens nothing after the <c>?.</c> is
/// evaluated.
/// </summary>
public static class ActivityExtensions
{
    /// <summary>Adds the run.</summary>
    public static Activity WithRun(this Activity span, ArtifactKey run) => span.With(Attributes.Run, run.Value);

    /// <summary>Adds the virtual rank.</summary>
    public static Activity WithRank(this Activity span, int rank) => span.With(Attributes.Rank, rank);

    /// <summary>Adds the generation number.</summary>
    public static Activity WithGenerationNumber(this Activity span, long generationNumber) => span.With(Attributes.GenerationNumber, generationNumber);

    /// <summary>Adds the step.</summary>
    public static Activity WithStep(this Activity span, int step) => span.With(Attributes.Step, step);

    /// <summary>Adds a stage's key, kind and title.</summary>
    public static Activity WithStage(this Activity span, Stage stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return span.With(Attributes.StageKey, stage.Key.Value).With(Attributes.StageKind, Words.Of(stage.Kind)).With(Attributes.StageTitle, stage.Title);
    }

    /// <summary>Adds an attribute.</summary>
    public static Activity With(this Activity span, string key, object? value)
    {
        ArgumentNullException.ThrowIfNull(span);
        return span.SetTag(key, value);
    }

    /// <summary>Marks the span as failed, with the exception's type and words. Being cancelled is no failure.</summary>
    public static void Fail(this Activity? span, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (span is not null && exception is not OperationCanceledException)
        {
            span.SetTag(Attributes.ErrorType, exception.GetType().FullName).SetStatus(ActivityStatusCode.Error, exception.Message);
        }
    }

    /// <summary>Ends the span of an experiment or a stage.</summary>
    /// <param name="span">The span; null when nobody listens.</param>
    /// <param name="phase">How it ended.</param>
    /// <param name="failure">Why it failed.</param>
    public static void End(this Activity? span, StagePhase phase, StageFailure? failure)
    {
        if (span is not null)
        {
            span.SetTag(Attributes.Phase, Words.Of(phase));
            if (failure is not null)
            {
                span.SetStatus(ActivityStatusCode.Error, failure.Message);
            }

            span.Dispose();
        }
    }
}
