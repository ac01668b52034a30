using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GmailCluster.Errors;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// TLS with certificates from files, on both sides: whoever calls or listens shows a certificate of an authority that the cluster
/// believes. Files are looked at for each connection, so that a rotated one is used from the next on, without a restart; while they
/// do not fit together (half rotated) the former ones stay.
/// </summary>
internal sealed partial class PlaneTls(DataPlaneOptions options, ILogger logger)
{
    private readonly Lock _lock = new();
    private Loaded? _loaded;

    /// <summary>Wraps an accepted connection.</summary>
    public void Accept(PeerConnection connection)
    {
        if (options.UsesTls)
        {
            var tls = connection.UseTls();
            var loaded = Load();
            tls.AuthenticateAsServer(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = loaded.Certificate, ClientCertificateRequired = true, CertificateChainPolicy = loaded.Trust(),
            });
        }
    }

    /// <summary>Wraps a connection to a host.</summary>
    public void Connect(PeerConnection connection, string host)
    {
        if (options.UsesTls)
        {
            var tls = connection.UseTls();
            var loaded = Load();
            var client = new SslClientAuthenticationOptions
            {
                TargetHost = options.CertificateName ?? host,
                ClientCertificateContext = loaded.Certificate,
                CertificateChainPolicy = loaded.Trust(),
            };
            tls.AuthenticateAsClient(client);
        }
    }

    /// <summary>Reads the files, if there are any.</summary>
    /// <exception cref="GmailClusterException">They hold no certificate, key or authority.</exception>
    public void Check()
    {
        if (options.UsesTls)
        {
            Load();
        }
    }

    private Loaded Load()
    {
        lock (_lock)
        {
            try
            {
                var (certificate, key, authority) =
                    (File.ReadAllText(options.CertificateFile!), File.ReadAllText(options.KeyFile!), File.ReadAllText(options.AuthorityFile!));
                if (_loaded is null || _loaded.Source != (certificate, key, authority))
                {
                    var isRotated = _loaded is not null;
                    _loaded = new Loaded((certificate, key, authority));
                    if (isRotated)
                    {
                        LogRotated(options.CertificateFile!);
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                if (_loaded is null)
                {
                    throw new GmailClusterException(
                        options.CertificateFile!, $"cannot be used for TLS: {exception.Message}",
                        "Mount a PEM certificate, its key and the authorities' certificates.");
                }

                LogNotRotated(options.CertificateFile!, exception.Message);
            }

            return _loaded;
        }
    }

    private sealed class Loaded
    {
        private readonly X509Certificate2Collection _authorities = [];

        public Loaded((string Certificate, string Key, string Authority) source)
        {
            Source = source;
            _authorities.ImportFromPem(source.Authority);
            if (_authorities.Count == 0)
            {
                throw new CryptographicException("the authority file holds no certificate.");
            }

            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(source.Certificate);
            Certificate = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(source.Certificate, source.Key), chain, offline: true);
        }

        public (string Certificate, string Key, string Authority) Source { get; }

        public SslStreamCertificateContext Certificate { get; }

        // A policy of its own for each connection: building a chain writes to it.
        public X509ChainPolicy Trust()
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
            };
            policy.CustomTrustStore.AddRange(_authorities);
            return policy;
        }
    }

    [LoggerMessage(LogLevel.Information, "{CertificateFile} has changed: new connections use it.")]
    private partial void LogRotated(string certificateFile);

    [LoggerMessage(LogLevel.Warning, "{CertificateFile} and its key or authorities cannot be used ({Problem}): the former ones stay until they can.")]
    private partial void LogNotRotated(string certificateFile, string problem);
}
