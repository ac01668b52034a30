using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Experiments;
using GmailCluster.Specs;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster verify SPEC</c>: trains again and compares hashes.</summary>
internal static class VerifyVerb
{
    public static Command Create(CliContext context)
    {
        var spec = SpecArgument.Create();
        var store = StoreOption.Create();
        var slots = SlotsOption.Create();
        var command = new Command("verify", "Train a finished spec's models again and compare the SHA-256 of every file; the store is only read.") { spec, store, slots };
        command.SetAction((parsed, cancellationToken) =>
            Run(parsed.GetRequiredValue(spec), parsed.GetRequiredValue(store), parsed.GetValue(slots), context, cancellationToken));
        return command;
    }

    private static async Task<int> Run(string path, string location, int slots, CliContext context, CancellationToken cancellationToken)
    {
        var store = ObjectStores.Open(location);
        var run = await ExperimentRun.Plan(store, SpecReader.Read(path), context.Time, cancellationToken);
        IReadOnlyList<ComparedFile> files;
        using (var progress = context.ShowProgress())
        {
            files = await TrainingVerification.Run(store, run, slots, new RunDisplay(progress, run.Stages).Show, context.Time, cancellationToken);
        }

        foreach (var file in files)
        {
            await context.Out.WriteLineAsync($"{(file.IsSame ? "same     " : "DIFFERENT")} {file.First[..16]} {file.Stage}: {Path.GetFileName(file.ObjectKey)}");
        }

        var different = files.Count(file => !file.IsSame);
        await context.Out.WriteLineAsync(different == 0
            ? $"All {files.Count} files are the same, bit for bit."
            : $"{different} of {files.Count} files differ. If this is not the machine that trained them, its processor may compute other bits.");
        return different == 0 ? 0 : CommandLine.Failed;
    }
}
