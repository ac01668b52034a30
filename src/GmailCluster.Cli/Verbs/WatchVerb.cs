using System.CommandLine;
using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster watch ID</c>: progress until the end.</summary>
internal static class WatchVerb
{
    public static Command Create(CliContext context)
    {
        var id = ExperimentArgument.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("watch", "Show an experiment's progress until it ends; Ctrl-C leaves it running.") { id });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var found = await cluster.Find(parsed, context, parsed.GetRequiredValue(id), cancellationToken);
            await using var session = await cluster.Connect(parsed, context, cancellationToken);
            return await ExperimentDisplay.Watch(session.Experiments, found, context, cancellationToken);
        });
        return command;
    }
}
