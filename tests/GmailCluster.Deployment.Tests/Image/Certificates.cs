using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GmailCluster.Deployment.Tests.Image;

/// <summary>A certificate and its authority, in files as cert-manager's secrets have them.</summary>
internal static class Certificates
{
    public static async Task Write(string folder, string name)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (from, to) = (now.AddHours(-1), now.AddDays(90));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = authorityRequest.CreateSelfSigned(from, to);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silos", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = request.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));

        await Write(folder, "ca.crt", authority.ExportCertificatePem());
        await Write(folder, "tls.crt", certificate.ExportCertificatePem());
        await Write(folder, "tls.key", key.ExportPkcs8PrivateKeyPem());
    }

    private static Task Write(string folder, string file, string text) => File.WriteAllTextAsync(Path.Combine(folder, file), text, TestContext.Current.CancellationToken);
}
