using CsCheck;
using GmailCluster.Telemetry;

namespace GmailCluster.Abstractions.Tests.Telemetry;

public sealed class StepTimelineTests
{
    [Fact]
    public void However_many_steps_the_points_are_few_and_lose_no_step_and_no_peak() =>
        Gen.Select(Gen.Double[0, 9].Array[0, 9000], Gen.Int[1, 3000]).Sample((losses, most) =>
        {
            var timeline = new StepTimeline();
            foreach (var loss in losses)
            {
                timeline.Add(loss, new StepTime(0.4, 0.2, 0.1, 0.1));
            }

            var points = timeline.Points(most);

            Assert.True(points.Count <= Math.Min(most, StepTimeline.Capacity));
            var next = 0;
            foreach (var point in points)
            {
                var steps = losses[point.Step..(point.Step + point.Count)];
                Assert.Equal(next, point.Step);
                Assert.Equal((steps.Min(), steps.Max()), (point.LossMin, point.LossMax));
                Assert.Equal(steps.Average(), point.Loss, 1e-9);
                Assert.Equal(0.4, point.Time!.Value.Whole, 1e-9);
                next += point.Count;
            }

            Assert.Equal(losses.Length, next);
        }, iter: 100);

    [Fact]
    public void After_a_restart_the_losses_are_there_and_the_times_begin_anew()
    {
        var timeline = new StepTimeline();
        timeline.Add(9, new StepTime(1, 1, 0, 0));

        timeline.Restart([4, 3, 2]);
        timeline.Add(1, new StepTime(2, 1, 0.5, 0.5));

        Assert.Equal(
            [new TimelinePoint(0, 1, 4, 4, 4), new(1, 1, 3, 3, 3), new(2, 1, 2, 2, 2), new(3, 1, 1, 1, 1, new StepTime(2, 1, 0.5, 0.5))],
            timeline.Points(10));
        Assert.Equal([new TimelinePoint(0, 4, 2.5, 1, 4, new StepTime(2, 1, 0.5, 0.5))], timeline.Points(1));
    }
}
