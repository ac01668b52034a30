using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Cli.Inspect;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster inspect PATH</c>: shows what a model folder, safetensors file, adapter, shard, manifest or store contains.</summary>
internal static class InspectVerb
{
    public static Command Create(CliContext context)
    {
        var path = new Argument<string>("PATH") { Description = "A model folder, a .safetensors file, an adapter folder, a .tar shard, a manifest, a folder of a store, or the store." };
        var all = new Option<bool>("--all") { Description = "Show every row of a long table." };
        var command = new Command("inspect", "Show what a model, safetensors file, adapter, shard, manifest or store contains.") { path, all };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var at = parsed.GetRequiredValue(path);
            InspectionText.Write(context, at, await Inspector.Inspect(at, cancellationToken), parsed.GetValue(all));
            return 0;
        });
        return command;
    }
}
