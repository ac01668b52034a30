namespace GmailCluster.Host.Api;

/// <summary>A file that a finished stage left.</summary>
/// <param name="Stage">The stage's title.</param>
/// <param name="Key">Its name in the store and after <c>artifacts/</c>.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="Sha256">Its content.</param>
internal sealed record ArtifactView(string Stage, string Key, long LengthBytes, string Sha256);

/// <summary>Files of an experiment's finished stages.</summary>
/// <param name="Items">In the order of the stages.</param>
internal sealed record ArtifactList(IReadOnlyList<ArtifactView> Items);
