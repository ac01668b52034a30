namespace GmailCluster.Models.Decoding;

/// <summary>One continuation of a beam.</summary>
/// <param name="Score">Log-probability of the whole continuation.</param>
/// <param name="Parent">The beam that it continues.</param>
/// <param name="Token">The token it adds.</param>
internal readonly record struct BeamCandidate(float Score, int Parent, long Token);
