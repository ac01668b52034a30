using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Reporting.Tables;
using GmailCluster.Specs;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster run SPEC</c>: the whole pipeline in this process, resuming whatever is there already.</summary>
internal static class RunVerb
{
    public static Command Create(CliContext context)
    {
        var spec = SpecArgument.Create();
        var store = StoreOption.Create();
        var slots = SlotsOption.Create();
        var command = new Command("run", "Run a spec from captions to report; what is done already is not done again.") { spec, store, slots };
        command.SetAction((parsed, cancellationToken) =>
            Run(parsed.GetRequiredValue(spec), parsed.GetRequiredValue(store), parsed.GetValue(slots), context, cancellationToken));
        return command;
    }

    private static async Task<int> Run(string path, string location, int slots, CliContext context, CancellationToken cancellationToken)
    {
        var start = context.Time.GetTimestamp();
        var loaded = SpecReader.Read(path);
        var store = ObjectStores.Open(location);
        await store.EnsureWritable(cancellationToken);
        var run = await ExperimentRun.Plan(store, loaded, context.Time, cancellationToken);
        var silo = await EmbeddedSilo.Start(store, slots, context.IsDebug ? LogLevel.Information : LogLevel.None, cancellationToken);
        string? slotUse;
        await using (silo)
        {
            var computing = context.Time.GetTimestamp();
            using var progress = context.ShowProgress();
            var display = new RunDisplay(progress, run.Stages);
            var results = await run.Execute(silo, display.Show, cancellationToken);
            slotUse = SlotUse.Line(silo.Compute.Slots, silo.Compute.Busy, context.Time.GetElapsedTime(computing));
            progress.Dispose();
            await context.Out.WriteLineAsync(ArmsTable.Render(results));
        }

        var elapsed = context.Time.GetElapsedTime(start);
        await context.Out.WriteLineAsync($"Report: {store.LocationOf(run.ReportKey)}");
        await context.Out.WriteLineAsync($"Took {Figures.Duration(elapsed)}.");
        if (slotUse is not null)
        {
            await context.Out.WriteLineAsync(slotUse);
        }

        return 0;
    }
}
