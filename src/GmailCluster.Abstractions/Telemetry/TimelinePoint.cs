namespace GmailCluster.Telemetry;

/// <summary>Steps that follow one another, as one point of a curve.</summary>
/// <param name="Step">The first one, from 0.</param>
/// <param name="Count">How many.</param>
/// <param name="Loss">Their mean loss.</param>
/// <param name="LossMin">The lowest.</param>
/// <param name="LossMax">The highest.</param>
/// <param name="Time">Their mean time; null when nobody measured, as after a restart.</param>
[GenerateSerializer, Immutable, Alias("gmail.timeline-point")]
public sealed record TimelinePoint(
    [property: Id(0)] int Step,
    [property: Id(1)] int Count,
    [property: Id(2)] double Loss,
    [property: Id(3)] double LossMin,
    [property: Id(4)] double LossMax,
    [property: Id(5)] StepTime? Time = null);
