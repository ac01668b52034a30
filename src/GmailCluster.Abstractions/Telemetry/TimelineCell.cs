namespace GmailCluster.Telemetry;

/// <summary>Steps added up.</summary>
internal readonly record struct TimelineCell(int Count, double Loss, double LossMin, double LossMax, int Timed, StepTime Time)
{
    public static TimelineCell Of(double loss, StepTime? time) => new(1, loss, loss, loss, time is null ? 0 : 1, time ?? default);

    public TimelineCell With(TimelineCell other) => Count == 0 ? other : other.Count == 0 ? this : new TimelineCell(
        Count + other.Count, Loss + other.Loss, Math.Min(LossMin, other.LossMin), Math.Max(LossMax, other.LossMax), Timed + other.Timed,
        new StepTime(Time.Whole + other.Time.Whole, Time.Gradient + other.Time.Gradient, Time.Exchange + other.Time.Exchange, Time.Update + other.Time.Update));

    public TimelinePoint Point(int firstStep) => new(
        firstStep, Count, Loss / Count, LossMin, LossMax,
        Timed == 0 ? null : new StepTime(Time.Whole / Timed, Time.Gradient / Timed, Time.Exchange / Timed, Time.Update / Timed));
}
