namespace GmailCluster.Data.Captions;

/// <summary>Pictures with captions, and what reading them found.</summary>
/// <param name="Samples">The samples, in the order of the source.</param>
/// <param name="Report">Counts and problems.</param>
public sealed record Dataset(IReadOnlyList<Sample> Samples, ImportReport Report);
