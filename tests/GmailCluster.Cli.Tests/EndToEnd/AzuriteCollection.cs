using GmailCluster.Data.Tests.Storage;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>Azurite for the commands of these tests: its connection string is in the environment, as a user has it.</summary>
public sealed class AzuriteEnvironment
{
    public AzuriteEnvironment() => Environment.SetEnvironmentVariable("AZURE_STORAGE_CONNECTION_STRING", Azurite.ConnectionString(Azurite.Shared.Port));
}

[CollectionDefinition(Name)]
public sealed class AzuriteCollection : ICollectionFixture<AzuriteEnvironment>
{
    public const string Name = "Azurite";
}
