using System.Diagnostics;
using GmailCluster.Processes;

namespace GmailCluster.Chaos;

/// <summary>A run's way from the loss of a silo that had ranks of it to its next committed step.</summary>
/// <param name="Run">The run's title.</param>
/// <param name="Cause">See <see cref="Loss.Cause"/>.</param>
/// <param name="HadOwner">The run's owner was on the silo too.</param>
/// <param name="GenerationNumber">The plan that went on.</param>
/// <param name="Seconds">How long.</param>
/// <param name="StepsLost">Steps that had been committed and were done again, and the one in flight.</param>
internal sealed record Recovery(string Run, string Cause, bool HadOwner, long GenerationNumber, double Seconds, int StepsLost)
{
    /// <summary>Finds them in what the silos said. Pure.</summary>
    /// <param name="entries">What they said, in order.</param>
    /// <param name="losses">The silos that were lost.</param>
    /// <param name="samples">How far the runs were.</param>
    public static IEnumerable<Recovery> Find(IReadOnlyList<JournalEntry> entries, IReadOnlyCollection<Loss> losses, IReadOnlyCollection<StepSample> samples) =>
        from loss in losses
        from run in entries.GroupBy(entry => entry.Run)
        select Of(loss, losses, [.. run], samples) into recovery
        where recovery is not null
        select recovery;

    // None when the silo had no rank of the run, or when the run was over and needed no other plan.
    private static Recovery? Of(Loss loss, IReadOnlyCollection<Loss> losses, JournalEntry[] run, IReadOnlyCollection<StepSample> samples)
    {
        var before = run.OfType<PlanMade>().LastOrDefault(plan => plan.At <= loss.At);
        var next = run.OfType<PlanMade>().FirstOrDefault(plan => plan.At > loss.At);
        if (before?.Members.Contains(loss.Silo) != true || next?.Members.Contains(loss.Silo) != false)
        {
            return null;
        }

        // A plan that only had the result to write commits nothing more.
        var commit = run.OfType<FirstCommit>().FirstOrDefault(commit => commit.At > loss.At && commit.GenerationNumber > before.GenerationNumber);
        var generation = commit?.GenerationNumber ?? next.GenerationNumber;
        var resumed = run.OfType<PlanMade>().First(plan => plan.GenerationNumber == generation).Step;
        var furthest = run.Where(entry => entry.At <= loss.At).Select(entry => entry.Step)
            .Concat(samples.Where(sample => sample.Run == before.Run && sample.At <= loss.At).Select(sample => sample.Step))
            .Max();
        var end = commit?.At ?? next.At;
        var cause = losses.Any(other => other.Cause == "all" && other.At >= loss.At && other.At < end) ? "all" : loss.Cause;
        return new Recovery(
            before.Run, cause, before.Teller.Address == loss.Silo, generation,
            Stopwatch.GetElapsedTime(loss.At, end).TotalSeconds,
            int.Max(furthest - resumed, 0) + 1);
    }
}
