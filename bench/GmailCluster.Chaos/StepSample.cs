namespace GmailCluster.Chaos;

/// <summary>How far a run was on some silo.</summary>
/// <param name="At">When it was asked.</param>
/// <param name="Run">The run's title.</param>
/// <param name="Step">Committed steps.</param>
internal sealed record StepSample(long At, string Run, int Step);
