using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;
using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>
/// Who we are to a storage account: a connection string where one is given (Azurite, development), else the identity that Azure gives
/// the process: service principal in the environment, workload identity, managed identity, or the Azure CLI's sign-in.
/// </summary>
internal static class AzureConnection
{
    public const string StringVariable = "AZURE_STORAGE_CONNECTION_STRING";
    public const string FileVariable = "GMAILCLUSTER_STORE_CONNECTION_FILE";

    // Old enough for every emulator in use, new enough for all we ask.
    private const BlobClientOptions.ServiceVersion ServiceVersion = BlobClientOptions.ServiceVersion.V2021_12_02;

    /// <summary>The container's client. Sends nothing.</summary>
    /// <exception cref="InputException">The connection string is unusable, or is another account's.</exception>
    public static BlobContainerClient Open(AzureLocation location, AzureStoreSettings settings, Func<string, string?> environment)
    {
        var options = new BlobClientOptions(ServiceVersion)
        {
            RetryPolicy = new StoreRetryPolicy(settings),
            Retry = { NetworkTimeout = settings.NetworkTimeout },
            Transport = settings.Transport,
            Diagnostics = { ApplicationId = "gmailcluster" },
        };
        if (ConnectionString(environment) is var (text, source))
        {
            return WithConnectionString(location, text, source, options).GetBlobContainerClient(location.Container);
        }

        return new BlobServiceClient(location.Endpoint, Identity(settings.Transport), options).GetBlobContainerClient(location.Container);
    }

    private static (string Text, string Source)? ConnectionString(Func<string, string?> environment)
    {
        if (environment(FileVariable) is not { Length: > 0 } file)
        {
            return environment(StringVariable) is { Length: > 0 } text ? (text, StringVariable) : null;
        }

        try
        {
            return (File.ReadAllText(file).Trim(), file);
        }
        catch (Exception e) when (StoreErrors.IsFileSystemError(e))
        {
            throw new InputException(file, $"cannot be read: {e.Message.TrimEnd('.')}.", $"{FileVariable} names it: mount the secret there, or unset the variable.", e);
        }
    }

    private static BlobServiceClient WithConnectionString(AzureLocation location, string text, string source, BlobClientOptions options)
    {
        BlobServiceClient client;
        try
        {
            client = new BlobServiceClient(text, options);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // Without the inner exception: its text may repeat the key.
            throw new InputException(source, "is no connection string of a storage account.", "Copy it anew: 'az storage account show-connection-string --name ACCOUNT'.");
        }

        return client.AccountName == location.Account
            ? client
            : throw new InputException(
                location.ToString(), $"is in the account '{location.Account}', and the connection string in {source} is of '{client.AccountName}'.",
                $"Name that account in the store's URL, or unset {(source == StringVariable ? StringVariable : FileVariable)} to sign in with an identity.");
    }

    // No developer tool's sign-in but the command line's: a pod asks each in vain for seconds.
    private static DefaultAzureCredential Identity(HttpPipelineTransport transport)
    {
        var options = new DefaultAzureCredentialOptions
        {
            ExcludeVisualStudioCredential = true,
            ExcludeVisualStudioCodeCredential = true,
            ExcludeAzurePowerShellCredential = true,
            ExcludeAzureDeveloperCliCredential = true,
            ExcludeInteractiveBrowserCredential = true,
            ExcludeBrokerCredential = true,
            Transport = transport,
        };
        return new DefaultAzureCredential(options);
    }
}
