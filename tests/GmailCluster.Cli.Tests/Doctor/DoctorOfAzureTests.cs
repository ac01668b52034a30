using GmailCluster.Cli.Tests.EndToEnd;
using GmailCluster.Data.Tests.Storage;

namespace GmailCluster.Cli.Tests.Doctor;

/// <summary>The doctor at Azurite, as the environment of a pod names it.</summary>
[Collection(AzuriteCollection.Name)]
public sealed class DoctorOfAzureTests
{
    [Fact]
    public async Task A_missing_container_is_a_problem_until_it_is_made()
    {
        var store = $"azure://{Azurite.Account}/c{Guid.NewGuid():n}/some/prefix";

        var missing = await CliRun.Of("doctor", "--store", store);
        var made = await CliRun.Of("doctor", "--store", store, "--create-container");
        var there = await CliRun.Of("doctor", "--store", store, "--create-container");

        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("does not exist. Make it with 'az storage container create", missing.Out, StringComparison.Ordinal);
        Assert.EndsWith("1 problem.\n", missing.Out, StringComparison.Ordinal);
        Assert.True(made.ExitCode == 0, made.Out);
        Assert.Contains("ok       container: made\n", made.Out, StringComparison.Ordinal);
        Assert.Contains($"ok       store: {store} can be written, read and listed\n", made.Out, StringComparison.Ordinal);
        Assert.Contains("ok       clock: within 30 s of the store's\n", made.Out, StringComparison.Ordinal);
        Assert.Contains("ok       account: has a flat namespace\n", made.Out, StringComparison.Ordinal);
        Assert.Contains("ok       container: was there already\n", there.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_account_than_the_connection_strings_is_a_problem()
    {
        var run = await CliRun.Of("doctor", "--store", "azure://otheraccount/models");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the connection string in AZURE_STORAGE_CONNECTION_STRING is of 'devstoreaccount1'", run.Out, StringComparison.Ordinal);
    }
}
