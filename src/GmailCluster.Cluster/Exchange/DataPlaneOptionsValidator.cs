using System.Net;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Exchange;

/// <summary>What the options must be together.</summary>
internal sealed class DataPlaneOptionsValidator : IValidateOptions<DataPlaneOptions>
{
    public ValidateOptionsResult Validate(string? name, DataPlaneOptions options)
    {
        var problems = Problems(options).ToArray();
        return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Problems(DataPlaneOptions options)
    {
        if (!IPAddress.TryParse(options.ListenAddress, out var address))
        {
            yield return $"{Key(nameof(options.ListenAddress))} is \"{options.ListenAddress}\", which is no IP address. Set one of this machine's, or 0.0.0.0 for all.";
        }
        else if (options.AdvertisedHost is null && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            yield return $"{Key(nameof(options.AdvertisedHost))} is missing, and {address} tells other silos nothing. Set the name or address by which they reach this one.";
        }

        var files = new[] { options.CertificateFile, options.KeyFile, options.AuthorityFile };
        if (files.Any(file => file is not null) && files.Any(file => file is null))
        {
            yield return $"TLS needs {Key(nameof(options.CertificateFile))}, {Key(nameof(options.KeyFile))} and {Key(nameof(options.AuthorityFile))} together. Set all three, or none.";
        }

        foreach (var file in files.Where(file => file is not null && !File.Exists(file)))
        {
            yield return $"{file} is not there. Mount the certificate files, or leave TLS out.";
        }

        if (options.HeartbeatTimeout < 3 * options.HeartbeatInterval)
        {
            yield return $"{Key(nameof(options.HeartbeatTimeout))} is {options.HeartbeatTimeout}, less than three heartbeats of {options.HeartbeatInterval}. Set it to at least {3 * options.HeartbeatInterval}.";
        }
    }

    private static string Key(string name) => $"{DataPlaneOptions.Section}:{name}";
}
