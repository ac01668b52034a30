using System.CommandLine;
using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Experiments;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster status [ID]</c>: every experiment of the store, or the stages of one.</summary>
internal static class StatusVerb
{
    public static Command Create(CliContext context)
    {
        var id = new Argument<string?>("ID") { Description = "The experiment, or the beginning of its id. Default: lists all.", Arity = ArgumentArity.ZeroOrOne };
        var json = JsonOption.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("status", "List the store's experiments, or show how the stages of one stand and why any waits.") { id, json });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(id) is not { } word)
            {
                using var shelf = cluster.OpenShelf(parsed, context);
                List(await shelf.Shelf.List(cancellationToken), parsed.GetValue(json), context);
                return 0;
            }

            var found = await cluster.Find(parsed, context, word, cancellationToken);
            await using var session = await cluster.Connect(parsed, context, cancellationToken);
            var status = await session.Experiments.Status(found, cancellationToken);
            if (parsed.GetValue(json))
            {
                JsonOption.Print(context, status);
                return 0;
            }

            ExperimentDisplay.Show(found, await session.Experiments.Stages(found, cancellationToken), status, context);
            return 0;
        });
        return command;
    }

    private static void List(IReadOnlyList<ExperimentSummary> experiments, bool isJson, CliContext context)
    {
        if (isJson)
        {
            JsonOption.Print(context, experiments);
            return;
        }

        if (experiments.Count == 0)
        {
            context.Out.WriteLine("No experiments yet: 'gmailcluster submit SPEC' starts one.");
            return;
        }

        PlainTable.Write(context.Out, ["experiment", "state", "stages", "submitted", "took"], [.. experiments.Select(experiment => new[]
        {
            experiment.Id,
            PhaseWords.Of(experiment.Phase),
            $"{experiment.StagesDone}/{experiment.StageCount}",
            experiment.SubmittedAt.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            Figures.Duration((experiment.EndedAt ?? context.Time.GetUtcNow()) - experiment.SubmittedAt),
        })]);
    }
}
