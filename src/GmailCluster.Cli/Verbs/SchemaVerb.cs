using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Specs.Schema;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster schema</c>: prints the spec's JSON schema for editors, or its reference page.</summary>
internal static class SchemaVerb
{
    public static Command Create(CliContext context)
    {
        var markdown = new Option<bool>("--markdown") { Description = "Print the reference page, docs/spec.md, instead." };
        var command = new Command("schema", "Print the JSON schema of a spec, for completion and checks in an editor.") { markdown };
        command.SetAction(parsed =>
        {
            context.Out.Write(parsed.GetValue(markdown) ? SpecReference.Markdown() : SpecSchema.Json());
            return 0;
        });
        return command;
    }
}
