using System.Diagnostics;
using GmailCluster.Telemetry;

namespace GmailCluster.Tests.Telemetry;

[Collection(nameof(TelemetryCollection))]
public sealed class TraceParentTests
{
    [Fact]
    public void Work_goes_on_in_the_trace_that_a_message_carried()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Spans.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        string? carried;
        using (Spans.Experiment.Start())
        {
            carried = TraceParent.Current;
        }

        using (Spans.Step.StartUnder(carried)?.WithRank(3).WithStep(7))
        {
        }

        var (experiment, step) = (ended.Single(span => span.DisplayName == "experiment"), ended.Single(span => span.DisplayName == "step"));
        Assert.Equal(experiment.TraceId, step.TraceId);
        Assert.Equal(experiment.SpanId, step.ParentSpanId);
        Assert.Equal(3, step.GetTagItem(Attributes.Rank));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-zz-zz-01")]
    public void What_is_no_trace_context_begins_a_trace(string? text) => Assert.Equal(default, TraceParent.Parse(text));
}
