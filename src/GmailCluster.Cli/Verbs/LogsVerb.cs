using System.CommandLine;
using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Experiments;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster logs ID</c>: what happened to an experiment, with reasons.</summary>
internal static class LogsVerb
{
    public static Command Create(CliContext context)
    {
        var id = ExperimentArgument.Create();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on printing until the experiment ends. Needs the cluster; without it, the store is enough." };
        var json = JsonOption.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("logs", "Print what happened to an experiment: stages begun and done, moves, restarts, and why.") { id, follow, json });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var shelf = cluster.OpenShelf(parsed, context);
            var found = await shelf.Shelf.Find(parsed.GetRequiredValue(id), cancellationToken);
            Action<ExperimentEvent> print = parsed.GetValue(json) ? happened => JsonOption.Print(context, happened) : happened => context.Out.WriteLine(Line(happened));
            if (!parsed.GetValue(follow))
            {
                foreach (var happened in await shelf.Shelf.Events(found, 0, cancellationToken))
                {
                    print(happened);
                }

                return 0;
            }

            await using var session = await cluster.Connect(parsed, context, cancellationToken);
            await foreach (var happened in session.Experiments.Follow(found, 0, cancellationToken))
            {
                print(happened);
            }

            return 0;
        });
        return command;
    }

    private static string Line(ExperimentEvent happened) =>
        $"{happened.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}  {happened.Text}";
}
