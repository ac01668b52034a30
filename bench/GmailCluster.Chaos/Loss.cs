namespace GmailCluster.Chaos;

/// <summary>A silo that was lost.</summary>
/// <param name="At">When.</param>
/// <param name="Silo">Its address.</param>
/// <param name="Cause"><c>kill</c>, <c>hang</c>, or <c>all</c> for a kill that left none.</param>
internal sealed record Loss(long At, string Silo, string Cause);
