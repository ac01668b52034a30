using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster cancel ID</c>: stops an experiment at a safe point.</summary>
internal static class CancelVerb
{
    public static Command Create(CliContext context)
    {
        var id = ExperimentArgument.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("cancel", "Stop an experiment at the next safe point; what is done stays.") { id });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var found = await cluster.Find(parsed, context, parsed.GetRequiredValue(id), cancellationToken);
            await using var session = await cluster.Connect(parsed, context, cancellationToken);
            await session.Experiments.Cancel(found, cancellationToken);
            var phase = (await session.Experiments.Status(found, cancellationToken)).Phase;
            await context.Out.WriteLineAsync(phase is StagePhase.Cancelled
                ? $"{found} is cancelled. 'gmailcluster resume {found}' goes on from here."
                : $"{found} was {PhaseWords.Of(phase)} already.");
            return 0;
        });
        return command;
    }
}
