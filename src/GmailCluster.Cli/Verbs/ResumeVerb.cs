using System.CommandLine;
using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster resume ID</c>: goes on with an experiment that failed or was cancelled.</summary>
internal static class ResumeVerb
{
    public static Command Create(CliContext context)
    {
        var id = ExperimentArgument.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("resume", "Go on with an experiment that failed or was cancelled.") { id });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var found = await cluster.Find(parsed, context, parsed.GetRequiredValue(id), cancellationToken);
            await using var session = await cluster.Connect(parsed, context, cancellationToken);
            await session.Experiments.Resume(found, cancellationToken);
            await context.Out.WriteLineAsync($"{found} goes on. 'gmailcluster watch {found}' follows it.");
            return 0;
        });
        return command;
    }
}
