using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Specs;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster submit SPEC</c>: hands a spec to a cluster, which goes on without this command.</summary>
internal static class SubmitVerb
{
    public static Command Create(CliContext context)
    {
        var spec = SpecArgument.Create();
        var watch = new Option<bool>("--watch") { Description = "Stay and show progress until it ends." };
        var json = JsonOption.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("submit", "Send a spec and what it names to a cluster and start it there.") { spec, watch, json });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var loaded = SpecReader.Read(parsed.GetRequiredValue(spec));
            await using var session = await cluster.Connect(parsed, context, cancellationToken);
            var isJson = parsed.GetValue(json);
            var id = await session.Experiments.Submit(loaded, line => (isJson ? context.Error : context.Out).WriteLine(line), cancellationToken);
            if (isJson)
            {
                JsonOption.Print(context, new { Id = id });
            }
            else
            {
                await context.Out.WriteLineAsync($"Submitted {id}.");
            }

            if (parsed.GetValue(watch))
            {
                return await ExperimentDisplay.Watch(session.Experiments, id, context, cancellationToken);
            }

            if (!isJson)
            {
                await context.Out.WriteLineAsync($"'gmailcluster watch {id}' follows it; it goes on without.");
            }

            return 0;
        });
        return command;
    }
}
