using System.Text.RegularExpressions;
using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>
/// <c>azure://account/container/prefix</c>: a store in Azure Blob Storage. The first part is the account's name, or its host where that does
/// not end in <c>blob.core.windows.net</c> (sovereign clouds, own domains). The prefix may be missing.
/// </summary>
/// <param name="Account">The account's name.</param>
/// <param name="Host">The host as the user wrote it; null when only the account was named.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Prefix">What all blob names begin with; empty, or ending in '/'.</param>
internal sealed partial record AzureLocation(string Account, string? Host, string Container, string Prefix)
{
    public const string Scheme = "azure://";

    // Blob names end at 1024 characters, keys at ObjectKey.MaxLength.
    private const int MaxPrefixLength = 256;
    private const string Form = "Write azure://account/container/prefix, or the account's host in place of its name: azure://account.blob.core.usgovcloudapi.net/container.";

    /// <summary>The endpoint for signing in without a connection string.</summary>
    public Uri Endpoint => new($"https://{Host ?? $"{Account}.blob.core.windows.net"}");

    public static AzureLocation Parse(string location)
    {
        if (location.AsSpan(Scheme.Length).ContainsAny('?', '#', '@'))
        {
            // The location is not repeated: what follows may be a secret.
            throw new InputException(
                "store", "the azure:// URL has a query, fragment or user.",
                "A secret in a URL ends up in logs: put a shared access signature into a connection string, or sign in with an identity.");
        }

        var parts = location[Scheme.Length..].TrimEnd('/').Split('/', 3);
        if (parts.Length < 2)
        {
            throw Refused(location, "names no container");
        }

        var (host, container, prefix) = (parts[0], parts[1], parts.Length > 2 ? parts[2] : "");
        var account = host.Split('.')[0];
        if (!IsAccount().IsMatch(account) || (host.Contains('.', StringComparison.Ordinal) && Uri.CheckHostName(host) != UriHostNameType.Dns))
        {
            throw Refused(location, $"names the account '{host}', and an account's name is 3 to 24 small letters and digits");
        }

        if (!IsContainer().IsMatch(container))
        {
            throw Refused(location, $"names the container '{container}', and a container's name is 3 to 63 small letters, digits and single '-'");
        }

        if (prefix.Length > MaxPrefixLength || (prefix.Length > 0 && prefix.Split('/').Any(segment => !ObjectKey.IsSegment(segment))))
        {
            throw Refused(location, $"has the prefix '{prefix}', and a prefix is '/'-separated segments of letters, digits and . _ + -, {MaxPrefixLength} characters at most");
        }

        return new AzureLocation(account, host.Contains('.', StringComparison.Ordinal) ? host : null, container, prefix.Length == 0 ? "" : prefix + "/");
    }

    public override string ToString() => $"{Scheme}{Host ?? Account}/{Container}/{Prefix}".TrimEnd('/');

    private static InputException Refused(string location, string problem) => new("store", $"'{location}' {problem}.", Form);

    [GeneratedRegex("^[a-z0-9]{3,24}$")]
    private static partial Regex IsAccount();

    [GeneratedRegex("^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex IsContainer();
}
