using System.CommandLine;
using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Experiments;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster plan SPEC</c>: the stage graph, what is cached and what would run.</summary>
internal static class PlanVerb
{
    public static Command Create(CliContext context)
    {
        var spec = SpecArgument.Create();
        var store = StoreOption.Create();
        var command = new Command("plan", "Show the stages of a spec with their sizes, what is cached and what would run; start nothing.") { spec, store };
        command.SetAction((parsed, cancellationToken) => Run(parsed.GetRequiredValue(spec), parsed.GetRequiredValue(store), context, cancellationToken));
        return command;
    }

    private static async Task<int> Run(string path, string location, CliContext context, CancellationToken cancellationToken)
    {
        var loaded = SpecReader.Read(path);
        var store = ObjectStores.Open(location);
        var run = await ExperimentRun.Plan(store, loaded, context.Time, cancellationToken);
        var numbers = run.Stages.Select((stage, i) => (stage.Key, Number: i + 1)).ToDictionary(pair => pair.Key, pair => pair.Number);
        var rows = new List<PlanRow>();
        foreach (var stage in run.Stages)
        {
            var needs = string.Join(", ", stage.Needs.Select(need => numbers[need].ToString(CultureInfo.InvariantCulture)));
            rows.Add(new PlanRow(
                $"{numbers[stage.Key]}. {stage.Title}", stage.Arm is { } arm ? SpecWords.Of(arm) : "", $"{Figures.Count(stage.Size)} {stage.Unit}", needs,
                stage.Key.Value, await State(store, stage, cancellationToken)));
        }

        PlanTable.Write(context.Console, rows);
        return 0;
    }

    private static async Task<PlanState> State(IObjectStore store, Stage stage, CancellationToken cancellationToken)
    {
        if (await StageRecords.Read(store, stage.Key, cancellationToken) is not null)
        {
            return PlanState.Cached;
        }

        var begun = stage.Kind is StageKind.Generate ? $"images/{stage.Key}/" : $"runs/{stage.Key}/";
        await foreach (var _ in store.List(begun, cancellationToken))
        {
            return PlanState.GoesOn;
        }

        return PlanState.Runs;
    }
}
