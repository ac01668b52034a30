using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GmailCluster.Cluster.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>An authority and a silo's certificate, as files.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-tls-").FullName;

    public TestCertificates(X509Certificate2? authority = null) => Issue(authority);

    public string Certificate => Path.Combine(_folder, "tls.crt");

    public string Key => Path.Combine(_folder, "tls.key");

    public string AuthorityFile => Path.Combine(_folder, "ca.crt");

    /// <summary>Serial number of the certificate that is there now.</summary>
    public string SerialNumber { get; private set; } = "";

    /// <summary>Makes a new certificate, of a new authority if none is given.</summary>
    /// <param name="authority">Whose.</param>
    /// <param name="alsoTrusted">Whom to believe beside that one.</param>
    public void Issue(X509Certificate2? authority = null, params X509Certificate2[] alsoTrusted)
    {
        authority ??= Authority();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Certificate, certificate.ExportCertificatePem());
        Trust([authority, .. alsoTrusted]);
        SerialNumber = certificate.SerialNumber;
    }

    /// <summary>Changes who is believed.</summary>
    public void Trust(params X509Certificate2[] authorities) => File.WriteAllText(AuthorityFile, string.Join('\n', authorities.Select(authority => authority.ExportCertificatePem())));

    public static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=authority {Guid.NewGuid():n}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1));
    }

    public void Configure(DataPlaneOptions options) =>
        (options.CertificateFile, options.KeyFile, options.AuthorityFile) = (Certificate, Key, AuthorityFile);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
