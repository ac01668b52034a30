using System.Diagnostics.Metrics;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace GmailCluster.Tests.Telemetry;

[Collection(nameof(TelemetryCollection))]
public sealed class RunMeterTests
{
    private static readonly ArtifactKey Run = new("00000000000000000000000000000abc");

    [Fact]
    public void Goodput_is_the_part_of_the_time_that_committed_steps_took()
    {
        var clock = new FakeTimeProvider();
        using var meter = new RunMeter(Run, StageKind.Align, clock);
        clock.Advance(TimeSpan.FromSeconds(6));
        meter.StepCommitted(1, TimeSpan.FromSeconds(2), 0.5);
        clock.Advance(TimeSpan.FromSeconds(2));
        meter.StepCommitted(2, TimeSpan.FromSeconds(2), 0.25);

        Assert.Equal(0.5, Observed("gmailcluster.run.goodput"));
        Assert.Equal(2, Observed("gmailcluster.run.step"));
    }

    [Fact]
    public void A_run_that_is_closed_is_not_reported_any_more()
    {
        new RunMeter(Run, StageKind.Align, new FakeTimeProvider()).Dispose();

        Assert.Null(Observed("gmailcluster.run.goodput"));
    }

    private static double? Observed(string name)
    {
        double? found = null;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == Spans.SourceName && instrument.Name == name)
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => Take(value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Take(value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return found;

        void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (key, of) in tags)
            {
                found = key == Attributes.Run && (string?)of == Run.Value ? value : found;
            }
        }
    }
}
