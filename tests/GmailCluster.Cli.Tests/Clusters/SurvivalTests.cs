using System.Diagnostics;
using System.Globalization;
using GmailCluster.Cli.Tests.EndToEnd;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>Silos are killed, frozen and asked to leave while models train over all of them: the trained bits are those of a calm run.</summary>
public sealed class SurvivalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Training_on_four_silos_that_are_lost_one_by_one_gives_the_bits_of_a_run_on_one()
    {
        using var calm = Experiment();
        Assert.Equal(0, (await CommandProcess.Run(calm.Folder, "run", "tiny.yaml", "--store", "store")).ExitCode);
        using var struck = Experiment();
        using var cluster = CommandProcess.Start(struck.Folder, "up", "--silos", "4", "--slots", "1", "--store", "store", "--cache", "cache");
        await cluster.Line(line => line.Contains(" is up on store ", StringComparison.Ordinal));
        var silos = LocalProcesses.Silos(cluster.Id);
        Assert.Equal(0, (await CommandProcess.Run(struck.Folder, "submit", "tiny.yaml", "--store", "store")).ExitCode);
        using var logs = CommandProcess.Start(struck.Folder, "logs", "tiny", "--follow", "--store", "store");

        await logs.Line(line => line.EndsWith("align matched seed 0 started.", StringComparison.Ordinal));
        silos[0].Kill();
        await logs.Line(line => line.EndsWith("caption naive seed 0 started.", StringComparison.Ordinal));
        Signal(silos[1], "STOP");
        await logs.Line(line => IsOfCaption(line) && line.Contains("generation number 2", StringComparison.Ordinal));
        Signal(silos[1], "CONT"); // it comes back as somebody whom nobody knows any more
        Signal(silos[2], "TERM");
        var logged = await logs.End();
        cluster.Interrupt();
        var ended = await cluster.End();

        Assert.Equal((0, ""), (logged.ExitCode, logged.Error));
        Assert.EndsWith("Done.\n", logged.Out, StringComparison.Ordinal);
        Assert.Equal(await Hashes(calm), await Hashes(struck));
        Assert.Equal(0, ended.ExitCode);
        await LocalProcesses.AllEnded(silos);
    }

    private static bool IsOfCaption(string line) => line.Contains(" caption ", StringComparison.Ordinal);

    private static TinyExperiment Experiment() => new TinyExperiment("caption: { steps: 200, batch_size: 8 }")
        .With("steps: 3\n", "steps: 60\n")
        .With("every_steps: 1 ", "every_steps: 20 ");

    private static Task<IReadOnlyDictionary<string, string>> Hashes(TinyExperiment experiment) =>
        experiment.Hashes(kind => kind is StageKind.Align or StageKind.Caption, Token);

    private static void Signal(Process process, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
