namespace GmailCluster.Cluster.Tls;

/// <summary>Where a process finds what it shows the others of its cluster, and what it believes of them. All files are PEM, and read again when they change.</summary>
/// <param name="Certificate">Its certificate, with any intermediate ones; for both sides of a connection.</param>
/// <param name="Key">The certificate's private key.</param>
/// <param name="Authority">Certificates of the authorities whose silos and clients are believed.</param>
/// <param name="Name">The name that every silo's certificate holds; null: the address that the silo is reached by.</param>
public sealed record TlsFiles(string Certificate, string Key, string Authority, string? Name);
