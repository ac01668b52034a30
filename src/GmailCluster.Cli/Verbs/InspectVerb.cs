using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Cli.Inspect;
using GmailCluster.Data.Storage;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster inspect PATH</c>: shows what a model folder, safetensors file, adapter, shard, manifest or store contains.</summary>
internal static class InspectVerb
{
    public static Command Create(CliContext context)
    {
        var path = new Argument<string>("PATH") { Description = "A model folder, a .safetensors file, an adapter folder, a .tar shard, a manifest, a folder of a store, or the store; or the URL of something in a store." };
        var all = new Option<bool>("--all") { Description = "Show every row of a long table." };
        var command = new Command("inspect", "Show what a model, safetensors file, adapter, shard, manifest or store contains.") { path, all };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var at = parsed.GetRequiredValue(path);
            var inspection = ObjectStores.IsUrl(at) ? await UrlInspection.Of(at, cancellationToken) : await Inspector.Inspect(at, cancellationToken);
            InspectionText.Write(context, at, inspection, parsed.GetValue(all));
            return 0;
        });
        return command;
    }
}
