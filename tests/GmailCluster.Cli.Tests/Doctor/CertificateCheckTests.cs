using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GmailCluster.Cli.Doctor;

namespace GmailCluster.Cli.Tests.Doctor;

public sealed class CertificateCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-tls-").FullName;
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_certificate_with_its_key_and_authority_is_well()
    {
        var (authority, caFile) = Authority("one");
        var (certificate, key) = Issue(authority, "silo", -1, 90);

        var findings = CertificateCheck.Run(certificate, key, caFile, null, TimeProvider.System).ToList();

        Assert.Equal(["TLS certificate", "TLS authority", "TLS chain"], findings.Select(finding => finding.Name));
        Assert.All(findings, finding => Assert.True(finding.Remedy is null, finding.ToString()));
    }

    [Theory]
    [InlineData(-30, -1, "it has expired. Renew it")]
    [InlineData(-30, 3, "it ends within 7 days. Renew it")]
    [InlineData(2, 30, "it is not valid yet. Check this machine's clock")]
    public async Task A_certificate_outside_its_dates_is_a_problem(int from, int to, string problem)
    {
        var (authority, _) = Authority("one");
        var (certificate, key) = Issue(authority, "silo", from, to);

        var run = await CliRun.Of("doctor", "--store", Path.Combine(_folder, "store"), "--tls-cert", certificate, "--tls-key", key);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"problem  TLS certificate: {certificate} (CN=silo)", run.Out, StringComparison.Ordinal);
        Assert.Contains(problem, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_do_not_belong_together_are_a_problem()
    {
        var (authority, caFile) = Authority("one");
        var (_, otherFile) = Authority("two");
        var (certificate, key) = Issue(authority, "silo", -1, 90);
        var (_, otherKey) = Issue(authority, "other", -1, 90);

        var wrongKey = CertificateCheck.Run(certificate, otherKey, null, null, TimeProvider.System).Single();
        var wrongAuthority = CertificateCheck.Run(certificate, key, otherFile, null, TimeProvider.System).Last();
        var nowhere = CertificateCheck.Run(Path.Combine(_folder, "nowhere.crt"), key, null, null, TimeProvider.System).Single();

        Assert.NotNull(wrongKey.Remedy);
        Assert.Contains($"is not vouched for by {otherFile}", wrongAuthority.Seen, StringComparison.Ordinal);
        Assert.NotNull(nowhere.Remedy);
        Assert.NotEqual(caFile, otherFile);
    }

    private (X509Certificate2 Authority, string File) Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var authority = request.CreateSelfSigned(_now.AddDays(-60), _now.AddDays(365));
        var file = Path.Combine(_folder, $"{name}-ca.crt");
        File.WriteAllText(file, authority.ExportCertificatePem());
        return (authority, file);
    }

    private (string Certificate, string Key) Issue(X509Certificate2 authority, string name, int fromDays, int toDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            .Create(authority, _now.AddDays(fromDays), _now.AddDays(toDays), Guid.NewGuid().ToByteArray());
        var (certificate, keyFile) = (Path.Combine(_folder, $"{name}.crt"), Path.Combine(_folder, $"{name}.key"));
        File.WriteAllText(certificate, issued.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (certificate, keyFile);
    }
}
