namespace GmailCluster.Processes;

/// <summary>What a silo said of a run.</summary>
/// <param name="At">When it was heard, on <see cref="TimeProvider.GetTimestamp"/>'s clock.</param>
/// <param name="Teller">Who said it.</param>
/// <param name="Run">The run's title.</param>
/// <param name="GenerationNumber">The plan.</param>
/// <param name="Step">Where the plan resumes, or what was committed.</param>
internal abstract record JournalEntry(long At, SiloProcess Teller, string Run, long GenerationNumber, int Step);

/// <summary>The run's owner, whose silo tells it, has made a plan: the silos' addresses in the order of their ranks, and why.</summary>
internal sealed record PlanMade(
    long At, SiloProcess Teller, string Run, long GenerationNumber, int Step, IReadOnlyList<string> Members, IReadOnlyList<int> RankCounts, string Reason)
    : JournalEntry(At, Teller, Run, GenerationNumber, Step);

/// <summary>The plan's first step was committed.</summary>
internal sealed record FirstCommit(long At, SiloProcess Teller, string Run, long GenerationNumber, int Step)
    : JournalEntry(At, Teller, Run, GenerationNumber, Step);
