using GmailCluster.Reporting.Export;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Cli.Tests.Verbs;

public sealed class ReportVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-report-").FullName;

    public ReportVerbTests()
    {
        using var stream = File.Create(Path.Combine(_folder, "results.json"));
        ResultsFile.Write(Results, stream);
    }

    private static ExperimentResults Results => new()
    {
        Name = "small",
        SpecYaml = "name: small\n",
        WorldSize = 4,
        Seeds = [0],
        Metrics =
        [
            new MetricValue { Arm = Arm.Naive, Seed = 0, Task = "caption", Dataset = "novel", Metric = "cider", Value = 0.764, ArtifactKey = "k" },
            new MetricValue { Arm = Arm.GmailReal, Seed = 0, Task = "caption", Dataset = "novel", Metric = "cider", Value = 1.119, ArtifactKey = "k" },
        ],
        Host = new HostRecord { CpuCapability = "AVX2", Dotnet = "10", Torch = "2.10", Cores = 2 },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_arms_are_shown_and_the_figures_written_in_other_forms()
    {
        var (html, csv, board) = (Path.Combine(_folder, "out", "r.html"), Path.Combine(_folder, "r.csv"), Path.Combine(_folder, "tb"));

        var run = await CliRun.Of("report", _folder, "--html", html, "--csv", csv, "--tensorboard", board);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("gmail+real", run.Out, StringComparison.Ordinal);
        Assert.EndsWith($"wrote {html}\nwrote {csv}\nwrote {board}\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("<html", await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("gmail+real", await File.ReadAllTextAsync(csv, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.NotEmpty(Directory.EnumerateFiles(board, "events.out.*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFiles(_folder, "*.partial", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_missing_and_a_broken_file_are_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "broken.json"), "{", TestContext.Current.CancellationToken);

        var (missing, broken) = (await CliRun.Of("report", "nowhere"), await CliRun.Of("report", Path.Combine(_folder, "broken.json")));

        Assert.Equal(new CliRun(2, "", "nowhere: is not there. Name the results.json of a finished run, or the folder it lies in.\n"), missing);
        Assert.Equal(2, broken.ExitCode);
        Assert.Contains("is no results.json", broken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_written_is_a_failure_with_a_remedy()
    {
        var run = await CliRun.Of("report", _folder, "--csv", Path.Combine(_folder, "results.json", "x.csv"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cannot be written", run.Error, StringComparison.Ordinal);
    }
}
