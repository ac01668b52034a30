using System.CommandLine;
using GmailCluster.Cluster.Tls;
using GmailCluster.Errors;

namespace GmailCluster.Cli.Verbs;

/// <summary>The certificates of whoever takes part in a cluster with TLS, silo or client.</summary>
internal sealed class TlsOptions
{
    public Option<string?> Certificate { get; } = EnvironmentOption.Text("--tls-cert", "GMAILCLUSTER_TLS_CERT", "FILE", "Certificate for TLS in the cluster, with any intermediate ones, PEM.");

    public Option<string?> Key { get; } = EnvironmentOption.Text("--tls-key", "GMAILCLUSTER_TLS_KEY", "FILE", "The certificate's private key, PEM.");

    public Option<string?> Authority { get; } = EnvironmentOption.Text("--tls-ca", "GMAILCLUSTER_TLS_CA", "FILE", "The authorities whose silos and clients are believed, PEM.");

    public Option<string?> Name { get; } = EnvironmentOption.Text("--tls-name", "GMAILCLUSTER_TLS_NAME", "NAME", "The name that all silos' certificates hold; without it, each its own address.");

    /// <summary>Adds the options to a verb.</summary>
    public Command AddTo(Command command)
    {
        foreach (var option in new[] { Certificate, Key, Authority, Name })
        {
            command.Options.Add(option);
        }

        return command;
    }

    /// <summary>What they say; null for no TLS.</summary>
    /// <exception cref="InputException">Some are missing.</exception>
    public TlsFiles? Read(ParseResult parsed)
    {
        var missing = new[] { Certificate, Key, Authority }.Where(option => parsed.GetValue(option) is null).Select(option => option.Name).ToArray();
        return missing.Length switch
        {
            0 => new TlsFiles(parsed.GetValue(Certificate)!, parsed.GetValue(Key)!, parsed.GetValue(Authority)!, parsed.GetValue(Name)),
            3 when parsed.GetValue(Name) is null => null,
            _ => throw new InputException("TLS", $"lacks {string.Join(" and ", missing)}.", "Name certificate, key and authority together, or none of them."),
        };
    }
}
