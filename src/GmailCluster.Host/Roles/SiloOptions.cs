using GmailCluster.Cluster.Tls;

namespace GmailCluster.Host.Roles;

/// <summary>What a cluster member is told. Each has an environment variable of the same meaning, see docs/operate/configuration.md.</summary>
public sealed record SiloOptions
{
    /// <summary>The object store: a folder or URL that every silo of the cluster sees.</summary>
    public required string Store { get; init; }

    /// <summary>Compute slots: pieces of work that run at once, one thread each.</summary>
    public required int Slots { get; init; }

    /// <summary>Which cluster it joins.</summary>
    public string ClusterId { get; init; } = ClusterAddress.DefaultClusterId;

    /// <summary>The Redis that members meet in, <c>HOST:PORT</c>; null for a development cluster on this machine.</summary>
    public string? Redis { get; init; }

    /// <summary>Without Redis: <c>IP:PORT</c> of the first silo's silo port; null for the first silo itself.</summary>
    public string? Primary { get; init; }

    /// <summary>File with the secret that members prove to each other on the data plane. Null: one of this user, for silos on loopback alone.</summary>
    public string? SecretFile { get; init; }

    /// <summary>IP address or host name that other members reach this one by. Beyond loopback it listens on every interface.</summary>
    public string AdvertisedHost { get; init; } = "127.0.0.1";

    /// <summary>Keep what Orleans' own dashboard shows; it costs a little with each call.</summary>
    public bool HasOrleansDashboard { get; init; }

    /// <summary>Port for other silos; 0 takes a free one.</summary>
    public int SiloPort { get; init; }

    /// <summary>Port for clients; 0 takes a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>Port for gradients and embeddings; 0 takes a free one.</summary>
    public int DataPort { get; init; }

    /// <summary>Certificates for all that members and clients say to each other; null for no TLS.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>Port for probes (<c>/livez</c>, <c>/readyz</c>, <c>/startupz</c>); null for none.</summary>
    public int? HealthPort { get; init; }

    /// <summary>Folder that model folders of the store are fetched into; processes of one machine may share it.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>How long to wait for Redis and the store when the silo starts.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long running work may take to reach a safe point when the silo is asked to end.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(30);
}
