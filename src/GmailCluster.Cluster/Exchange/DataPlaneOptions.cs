using System.ComponentModel.DataAnnotations;
using GmailCluster.Cluster.Tls;

namespace GmailCluster.Cluster.Exchange;

/// <summary>Where a silo's data plane listens, whom it believes, and how patient it is.</summary>
public sealed class DataPlaneOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "DataPlane";

    /// <summary>The cluster that peers must belong to; the same on every silo.</summary>
    [Required]
    public string ClusterId { get; set; } = "";

    /// <summary>What the silos of the cluster know and nobody else: 16 characters at least. Never logged.</summary>
    [Required, MinLength(16, ErrorMessage = "The cluster secret has fewer than 16 characters: make one with 'openssl rand -base64 32' and give every silo the same.")]
    public string Secret { get; set; } = "";

    /// <summary>The IP address to listen on. Default 127.0.0.1: this machine only.</summary>
    [Required]
    public string ListenAddress { get; set; } = "127.0.0.1";

    /// <summary>The TCP port to listen on. Default 0: any that is free.</summary>
    [Range(0, 65535)]
    public int Port { get; set; }

    /// <summary>The host name or address by which other silos reach this one. Default: the listen address; needed when that is 0.0.0.0 or [::].</summary>
    public string? AdvertisedHost { get; set; }

    /// <summary>This silo's certificate chain, PEM. With it connections are TLS on both sides. Default: no TLS. Read again when it changes.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The certificate's private key, PEM. Needed with a certificate.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Certificates of the authorities whose peers are believed, PEM. Needed with a certificate.</summary>
    public string? AuthorityFile { get; set; }

    /// <summary>The name that peers' certificates must have. Default: the host of the address that is dialled.</summary>
    public string? CertificateName { get; set; }

    /// <summary>A silo that has nothing to say says so this often. Default 0.5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>A silo that is silent for so long, or reads nothing for so long, is lost. Default 2 s; at least three heartbeats.</summary>
    [Range(typeof(TimeSpan), "00:00:00.030", "00:10:00")]
    public TimeSpan HeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a member of a plan waits for the others. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may take to prove itself. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many connections may be proving themselves at once; more are closed unheard. Default 128.</summary>
    [Range(1, 65536)]
    public int MaxHandshakes { get; set; } = 128;

    /// <summary>Largest replica state that is fetched from a peer, in bytes. Default 64 GiB.</summary>
    [Range(1L, 1L << 50)]
    public long MaxStateBytes { get; set; } = 64L << 30;

    /// <summary>The certificate files; null for no TLS.</summary>
    internal TlsFiles? Tls => CertificateFile is null ? null : new TlsFiles(CertificateFile, KeyFile!, AuthorityFile!, CertificateName);
}
