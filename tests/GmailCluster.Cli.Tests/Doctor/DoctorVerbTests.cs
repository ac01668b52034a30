using GmailCluster.Cli.Doctor;

namespace GmailCluster.Cli.Tests.Doctor;

public sealed class DoctorVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-doctor-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_machine_that_runs_these_tests_is_well_and_the_store_is_left_as_it_was()
    {
        var store = Path.Combine(_folder, "a", "b");

        var run = await CliRun.Of("doctor", "--store", store);

        Assert.True(run.ExitCode == 0, run.Out);
        Assert.Contains("ok       libtorch: 2.", run.Out, StringComparison.Ordinal);
        Assert.Contains($"ok       store: {store} can be written", run.Out, StringComparison.Ordinal);
        Assert.EndsWith("All well.\n", run.Out, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_a_problem_with_a_remedy()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "x", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("doctor", "--store", Path.Combine(file, "store"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"problem  store: {file}/store cannot be written: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("name another folder with --store.", run.Out, StringComparison.Ordinal);
        Assert.EndsWith("1 problem.\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Little_memory_is_a_problem()
    {
        Assert.NotNull(MachineChecks.Memory(1_500_000_000).Remedy);
        Assert.Null(MachineChecks.Memory(8_000_000_000).Remedy);
    }
}
