using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GmailCluster.Cli.Doctor;

/// <summary>Whether certificate, key and authority for TLS between silos fit each other, and for how long.</summary>
internal static class CertificateCheck
{
    /// <summary>A certificate that ends sooner is a problem already: renewals fail, too.</summary>
    public const int LeastDays = 7;

    /// <summary>Reads the files; those that are not named are not checked.</summary>
    public static IEnumerable<Finding> Run(string? certificate, string? key, string? authority, string? name, TimeProvider time)
    {
        if (certificate is not null)
        {
            yield return Of("TLS certificate", certificate, () => key is null ? X509CertificateLoader.LoadCertificateFromFile(certificate) : X509Certificate2.CreateFromPemFile(certificate, key), time);
        }

        if (authority is not null)
        {
            yield return Of("TLS authority", authority, () => X509CertificateLoader.LoadCertificateFromFile(authority), time);
        }

        if (certificate is not null && authority is not null)
        {
            yield return Chain(certificate, authority, time);
        }

        if (certificate is not null && name is not null)
        {
            yield return Name(certificate, name);
        }
    }

    private static Finding Of(string name, string path, Func<X509Certificate2> load, TimeProvider time)
    {
        try
        {
            using var loaded = load();
            var now = time.GetUtcNow();
            var seen = string.Create(CultureInfo.InvariantCulture, $"{path} ({loaded.Subject}), valid {loaded.NotBefore.ToUniversalTime():yyyy-MM-dd} to {loaded.NotAfter.ToUniversalTime():yyyy-MM-dd}");
            return (loaded.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays switch
            {
                < 0 => new Finding(name, $"{seen}: it has expired.", "Renew it; silos read the files again by themselves."),
                < LeastDays => new Finding(name, $"{seen}: it ends within {LeastDays} days.", "Renew it; silos read the files again by themselves."),
                _ when loaded.NotBefore.ToUniversalTime() > now.UtcDateTime => new Finding(name, $"{seen}: it is not valid yet.", "Check this machine's clock, or wait."),
                _ => new Finding(name, seen),
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return new Finding(name, $"{path} cannot be used: {e.Message.TrimEnd('.')}.", "Name PEM files that belong together: --tls-cert, --tls-key, --tls-ca.");
        }
    }

    private static Finding Name(string certificate, string name)
    {
        try
        {
            using var leaf = X509CertificateLoader.LoadCertificateFromFile(certificate);
            return leaf.MatchesHostname(name)
                ? new Finding("TLS name", $"{certificate} holds {name}")
                : new Finding("TLS name", $"{certificate} does not hold {name}.", "Issue one with that name among its alternative ones, or correct --tls-name.");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return new Finding("TLS name", $"cannot be checked: {e.Message.TrimEnd('.')}.", "Name PEM files.");
        }
    }

    private static Finding Chain(string certificate, string authority, TimeProvider time)
    {
        try
        {
            using var leaf = X509CertificateLoader.LoadCertificateFromFile(certificate);
            using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, VerificationTime = time.GetUtcNow().UtcDateTime } };
            chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
            chain.ChainPolicy.ExtraStore.ImportFromPemFile(certificate);
            return chain.Build(leaf)
                ? new Finding("TLS chain", $"{certificate} is vouched for by {authority}")
                : new Finding(
                    "TLS chain", $"{certificate} is not vouched for by {authority}: {string.Join(", ", chain.ChainStatus.Select(status => status.Status))}.",
                    "Name the authority that issued it, with any intermediate certificate in the certificate's file.");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return new Finding("TLS chain", $"cannot be checked: {e.Message.TrimEnd('.')}.", "Name PEM files.");
        }
    }
}
