using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GmailCluster.Errors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GmailCluster.Cluster.Tls;

/// <summary>
/// Certificates from files, for both sides of a connection: whoever calls or listens shows one of an authority that the cluster
/// believes. Files are looked at for each connection, so that a rotated one is used from the next on, without a restart; while they
/// do not fit together (half rotated) the former ones stay.
/// </summary>
public sealed partial class RotatedCertificates
{
    private readonly TlsFiles _files;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Loaded _loaded;

    /// <summary>Reads the files.</summary>
    /// <param name="files">Where they are.</param>
    /// <param name="logger">Told of rotations.</param>
    /// <exception cref="GmailClusterException">They hold no certificate, key or authority.</exception>
    public RotatedCertificates(TlsFiles files, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(files);
        (_files, _logger) = (files, logger);
        try
        {
            _loaded = new Loaded(Texts());
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw new GmailClusterException(
                files.Certificate, $"cannot be used for TLS: {e.Message}", "Mount a PEM certificate, its key and the authorities' certificates.", e);
        }
    }

    /// <summary>Reads the files once, so that what is wrong with them is told before anything starts.</summary>
    /// <exception cref="GmailClusterException">They hold no certificate, key or authority.</exception>
    public static void Check(TlsFiles files) => _ = new RotatedCertificates(files, NullLogger.Instance);

    /// <summary>Where the certificates come from.</summary>
    public TlsFiles Files => _files;

    /// <summary>Sets what a listener shows and believes, as the files have it now.</summary>
    public void Apply(SslServerAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var loaded = Newest();
        (options.ServerCertificateContext, options.ServerCertificateSelectionCallback) = (loaded.Certificate, null);
        (options.ClientCertificateRequired, options.CertificateChainPolicy) = (true, loaded.Trust());
    }

    /// <summary>Sets what a caller shows and believes, as the files have it now.</summary>
    /// <param name="options">Of the connection.</param>
    /// <param name="host">The address that is called; its certificate has to hold it, unless all hold one name.</param>
    public void Apply(SslClientAuthenticationOptions options, string host)
    {
        ArgumentNullException.ThrowIfNull(options);
        var loaded = Newest();
        (options.TargetHost, options.ClientCertificateContext, options.CertificateChainPolicy) = (_files.Name ?? host, loaded.Certificate, loaded.Trust());
    }

    /// <summary>Why a certificate is not believed, in words.</summary>
    public static string WhyNot(SslPolicyErrors errors, X509Chain? chain) => string.Join(
        ", ",
        new[]
        {
            errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "there is none" : null,
            errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it has another name" : null,
            errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? string.Join(", ", chain?.ChainStatus.Select(status => status.Status).Distinct() ?? []) : null,
        }.Where(words => !string.IsNullOrEmpty(words)));

    private Loaded Newest()
    {
        lock (_lock)
        {
            try
            {
                var texts = Texts();
                if (texts != _loaded.Texts)
                {
                    _loaded = new Loaded(texts);
                    LogRotated(_files.Certificate);
                }
            }
            catch (Exception e) when (IsUnusable(e))
            {
                LogNotRotated(_files.Certificate, e.Message);
            }

            return _loaded;
        }
    }

    private (string Certificate, string Key, string Authority) Texts() =>
        (File.ReadAllText(_files.Certificate), File.ReadAllText(_files.Key), File.ReadAllText(_files.Authority));

    private static bool IsUnusable(Exception e) => e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    private sealed class Loaded
    {
        private readonly X509Certificate2Collection _authorities = [];

        public Loaded((string Certificate, string Key, string Authority) texts)
        {
            Texts = texts;
            _authorities.ImportFromPem(texts.Authority);
            if (_authorities.Count == 0)
            {
                throw new CryptographicException("the authority file holds no certificate.");
            }

            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(texts.Certificate);
            Certificate = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(texts.Certificate, texts.Key), chain, offline: true);
        }

        public (string Certificate, string Key, string Authority) Texts { get; }

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
