using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Telemetry;

namespace GmailCluster.Tests.Telemetry;

/// <summary>What telemetry costs while nobody listens.</summary>
[Collection(nameof(TelemetryCollection))]
public sealed class SilenceTests
{
    [Fact]
    public void Without_a_listener_no_span_is_made_and_nothing_is_allocated()
    {
        var run = new ArtifactKey("00000000000000000000000000000abc");
        using var meter = new RunMeter(run, StageKind.Align, TimeProvider.System);
        Act(run, meter); // compiled, and every table made

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Act(run, meter);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Act(ArtifactKey run, RunMeter meter)
    {
        using var span = Spans.Step.Start()?.WithRun(run).WithRank(1).WithGenerationNumber(2).WithStep(3);
        Assert.Null(span);
        meter.StepPhase("gradient", TimeSpan.FromSeconds(1));
        meter.StepCommitted(3, TimeSpan.FromSeconds(2), 0.5);
    }
}
