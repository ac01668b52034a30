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
        Assert.Contains("ok       Unicode: text is normalised (ICU is there)", run.Out, StringComparison.Ordinal);
        Assert.Contains($"ok       store: {store} can be written, read and listed", run.Out, StringComparison.Ordinal);
        Assert.Matches(@"ok       store latency: a small write takes [\d.]+ ms, a small read [\d.]+ ms", run.Out);
        Assert.Contains("ok       clock: within 30 s of the store's", run.Out, StringComparison.Ordinal);
        Assert.Contains($" free at {store}", run.Out, StringComparison.Ordinal);
        Assert.EndsWith("All well.\n", run.Out, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_store_in_use_keeps_its_objects_and_gets_none()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "stages"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "stages", "k.json"), "x", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("doctor", "--store", _folder);

        Assert.True(run.ExitCode == 0, run.Out);
        Assert.Equal(["stages"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName).Where(name => name![0] != '~'));
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_a_problem_with_a_remedy()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "x", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("doctor", "--store", Path.Combine(file, "store"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"problem  store: {file}/store: lies under {file}, which is a file. Name another folder.", run.Out, StringComparison.Ordinal);
        Assert.EndsWith("1 problem.\n", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gopher://x/y", "unknown scheme 'gopher'")]
    [InlineData("azure://acc1", "names no container")]
    public async Task A_location_that_names_no_store_is_a_problem(string location, string problem)
    {
        var run = await CliRun.Of("doctor", "--store", location);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(problem, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Little_memory_is_a_problem()
    {
        Assert.NotNull(MachineChecks.Memory(1_500_000_000).Remedy);
        Assert.Null(MachineChecks.Memory(8_000_000_000).Remedy);
    }

    [Fact]
    public void A_clock_that_is_off_and_a_slow_store_are_problems()
    {
        Assert.StartsWith("problem  clock: 120 s behind the store's. Set this machine's clock", StoreCheck.Clock(TimeSpan.FromMinutes(-2)).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("problem  clock: 31 s ahead of the store's.", StoreCheck.Clock(TimeSpan.FromSeconds(31)).ToString(), StringComparison.Ordinal);
        Assert.Null(StoreCheck.Clock(TimeSpan.FromSeconds(-3)).Remedy);
        Assert.StartsWith(
            "problem  store latency: a small write takes 800 ms, a small read 7.5 ms. Commits wait for it",
            StoreCheck.Latency(TimeSpan.FromMilliseconds(800), TimeSpan.FromMilliseconds(7.5)).ToString(), StringComparison.Ordinal);
        Assert.Null(StoreCheck.Latency(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(9)).Remedy);
    }

    [Fact]
    public void A_build_for_devices_that_are_not_there_is_a_problem_and_an_unused_device_is_told()
    {
        Assert.Equal("ok       devices: 2 CUDA devices", MachineChecks.Devices(isCudaBuild: true, 2, hasDriver: true).ToString());
        Assert.Contains("no NVIDIA driver. Give the pod a GPU", MachineChecks.Devices(isCudaBuild: true, 0, hasDriver: false).ToString(), StringComparison.Ordinal);
        Assert.Contains("CUDA_VISIBLE_DEVICES", MachineChecks.Devices(isCudaBuild: true, 0, hasDriver: true).Remedy, StringComparison.Ordinal);
        Assert.Contains("the GPU here is not used", MachineChecks.Devices(isCudaBuild: false, 0, hasDriver: true).Seen, StringComparison.Ordinal);
        Assert.Equal("ok       devices: CPU only", MachineChecks.Devices(isCudaBuild: false, 0, hasDriver: false).ToString());
    }
}
