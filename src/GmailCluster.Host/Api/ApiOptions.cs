using GmailCluster.Cluster.Tls;
using GmailCluster.Host.Roles;

namespace GmailCluster.Host.Api;

/// <summary>What the API is told. Each has an environment variable of the same meaning, see docs/operate/configuration.md.</summary>
public sealed record ApiOptions
{
    /// <summary>Where it listens when nobody says: only this machine reaches it.</summary>
    public const string DefaultListen = "127.0.0.1:8080";

    /// <summary>The object store that the cluster's silos see.</summary>
    public required string Store { get; init; }

    /// <summary>The Redis that the silos meet in; null for the cluster that <c>up</c> runs on the store.</summary>
    public string? Redis { get; init; }

    /// <summary>Which cluster of that Redis.</summary>
    public string ClusterId { get; init; } = ClusterAddress.DefaultClusterId;

    /// <summary>Certificates for all that it says to the cluster; null for one without TLS. Its own port speaks HTTP.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary><c>IP:PORT</c> to listen on; port 0 takes a free one. Beyond loopback it needs <see cref="TokensFile"/>.</summary>
    public string Listen { get; init; } = DefaultListen;

    /// <summary>File with the hashes of the tokens that are let in; null lets in whoever is on this machine.</summary>
    public string? TokensFile { get; init; }

    /// <summary>Folder whose files a spec may name without sending them; null for none.</summary>
    public string? InputsFolder { get; init; }

    /// <summary>The largest input file taken, in MiB.</summary>
    public int MaxInputMib { get; init; } = 8192;

    /// <summary>Folder for the files of a submission while they are imported; must be writable, may be lost.</summary>
    public string CacheFolder { get; init; } = ClusterFolders.Cache;

    /// <summary>Port of this machine for Orleans' own dashboard, which asks nobody who they are; null for none.</summary>
    public int? OrleansDashboardPort { get; init; }
}
