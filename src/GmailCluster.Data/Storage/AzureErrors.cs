using System.Net.Sockets;
using System.Xml;
using Azure;
using Azure.Identity;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Storage;

/// <summary>What blob storage refused or could not do, told so that a person can act on it.</summary>
/// <param name="location">The store.</param>
/// <param name="container">The container's address.</param>
/// <param name="time">Our clock, to compare with the service's.</param>
internal sealed class AzureErrors(AzureLocation location, Uri container, TimeProvider time)
{
    // The service refuses requests dated further off than this.
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(15);

    /// <summary>True for what the store's client throws; false for a wished cancellation and for everybody else's failures.</summary>
    public static bool IsStoreError(Exception e, CancellationToken cancellationToken) => e switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested, // the SDK's word for a timeout
        AggregateException or RequestFailedException or AuthenticationFailedException or HttpRequestException or IOException or XmlException => true,
        _ => false,
    };

    public Exception Translate(string key, Exception cause)
    {
        var where = key.Length == 0 ? location.ToString() : $"{location}: {key}";
        return Last(cause) switch
        {
            RequestFailedException { Status: > 0 } refused => Refused(where, key, refused, cause),
            AuthenticationFailedException e when HasNoIdentity(e) => new GmailClusterException(
                where, "there is nothing to sign in with.",
                $"In a cluster give the pod a workload or managed identity; on a workstation run 'az login'; for Azurite set {AzureConnection.StringVariable}.", cause),
            AuthenticationFailedException e => new GmailClusterException(
                where, $"signing in failed: {Reason(e.InnerException ?? e)}.",
                "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the identity's federation with this service account; in a sovereign cloud set AZURE_AUTHORITY_HOST.", cause),
            { } e when StoreRetryPolicy.SocketErrorOf(e) is SocketError.HostNotFound or SocketError.NoData => new GmailClusterException(
                where, $"there is no host {container.Host}.", $"Check the account's name '{location.Account}' in the store's URL, and this machine's name server.", cause),
            { } e when StoreRetryPolicy.CannotConnect(e) => new GmailClusterException(
                where, $"{container.Authority} cannot be reached.", "Check that it is running, and the network and proxy between here and there.", cause),
            XmlException => new GmailClusterException(
                where, $"what answers at {container.Authority} is not blob storage.", "Check the store's URL, and whether a proxy between here and there answers in its place.", cause),
            OperationCanceledException => new GmailClusterException(
                where, $"{container.Authority} did not answer in time.", "Check the network between here and there, and run again: what is done is not done again.", cause),
            _ => new GmailClusterException(
                where, $"the connection to {container.Authority} broke, again and again.", "Check the network between here and there, and run again: what is done is not done again.", cause),
        };
    }

    private GmailClusterException Refused(string where, string key, RequestFailedException e, Exception cause) => e.ErrorCode switch
    {
        "ContainerNotFound" or "ContainerBeingDeleted" => new InputException(
            where, $"the container '{location.Container}' does not exist.",
            $"Make it with 'az storage container create --account-name {location.Account} --name {location.Container} --auth-mode login' or 'gmailcluster doctor --store {location} --create-container', or correct the URL.", cause),
        "BlobNotFound" or "ResourceNotFound" => new ObjectNotFoundException(location.ToString(), key, cause),
        "ConditionNotMet" => new ObjectReplacedException(location.ToString(), key, cause),
        "AuthorizationPermissionMismatch" or "InsufficientAccountPermissions" or "AuthorizationResourceTypeMismatch" or "AuthorizationServiceMismatch" => new GmailClusterException(
            where, "permission was denied.",
            $"Give this identity the role 'Storage Blob Data Contributor' on the container '{location.Container}' (a new role takes some minutes to count), or a shared access signature with the rights racwdl.", cause),
        "AuthorizationFailure" or "AuthorizationSourceIPMismatch" or "AuthorizationProtocolMismatch" => new GmailClusterException(
            where, "the account refuses this key or signature, or requests from this network.",
            $"Copy the connection string of '{location.Account}' anew; let this network pass the account's firewall, or reach it by its private endpoint.", cause),
        "KeyBasedAuthenticationNotPermitted" => new GmailClusterException(
            where, "the account allows no keys.", $"Unset {AzureConnection.StringVariable} and {AzureConnection.FileVariable}, and sign in with an identity.", cause),
        "AccountIsDisabled" => new GmailClusterException(where, "the account is disabled.", "Ask its owner to enable it.", cause),
        _ when Skew(e) is { } skew && skew.Duration() > AllowedSkew => new GmailClusterException(
            where, $"this machine's clock is {Minutes(skew)} the service's, which therefore refuses.", "Set the clock (NTP), and run again.", cause),
        "AuthenticationFailed" or "InvalidAuthenticationInfo" or "NoAuthenticationInformation" => new GmailClusterException(
            where, "the account does not accept this key, signature or token.",
            $"Copy the connection string of '{location.Account}' anew (keys are rotated, signatures expire), or sign in to the account's own tenant (AZURE_TENANT_ID).", cause),
        "BlobArchived" or "BlobBeingRehydrated" => new GmailClusterException(where, "lies in the archive tier.", "Move it to the hot tier, and exclude the store from lifecycle rules that archive.", cause),
        "BlobImmutableDueToPolicy" or "LeaseIdMissing" or "SnapshotsPresent" => new GmailClusterException(
            where, $"may not be changed ({e.ErrorCode}).", "Lift the container's immutability policy or the lease on the blob.", cause),
        "ServerBusy" => new GmailClusterException(
            where, "the account is throttled and stayed so.", "Run again later, with fewer silos, or ask for a higher limit; what is done is not done again.", cause),
        _ when e.Status is 429 or >= 500 => new GmailClusterException(
            where, $"the service failed and stayed so ({e.Status} {e.ErrorCode}).", "Look at the service's health, and run again: what is done is not done again.", cause),
        _ => new GmailClusterException(
            where, $"the service refused: {e.Status} {e.ErrorCode ?? "without a code"}.", "GMAILCLUSTER_DEBUG=1 shows its whole answer.", cause),
    };

    // The managed identity's client has words for it, not always the type.
    private static bool HasNoIdentity(AuthenticationFailedException e) =>
        e is CredentialUnavailableException || e.Message.Contains("All Managed Identity sources are unavailable", StringComparison.Ordinal);

    private static Exception Last(Exception e) => e is AggregateException { InnerExceptions: [.., var last] } ? Last(last) : e;

    // Ours minus the service's; only a refused sign-in says that it matters.
    private TimeSpan? Skew(RequestFailedException e) =>
        e.Status is 401 or 403 && e.GetRawResponse()?.Headers.Date is { } theirs ? time.GetUtcNow() - theirs : null;

    private static string Minutes(TimeSpan skew) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{skew.Duration().TotalMinutes:0} minutes {(skew < TimeSpan.Zero ? "behind" : "ahead of")}");

    // The issuer's own words, where the sign-in library wraps them in its advice.
    private static string Reason(Exception e)
    {
        const string Marker = "Original exception:";
        var text = e.Message;
        var at = text.IndexOf(Marker, StringComparison.Ordinal);
        return text[(at < 0 ? 0 : at + Marker.Length)..].Trim().Split('\n')[0].Trim().TrimEnd('.');
    }
}
