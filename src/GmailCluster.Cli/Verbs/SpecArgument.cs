using System.CommandLine;

namespace GmailCluster.Cli.Verbs;

/// <summary>The SPEC argument that many verbs have.</summary>
internal static class SpecArgument
{
    /// <summary>A new argument; one belongs to one verb.</summary>
    public static Argument<string> Create() => new("SPEC") { Description = "The experiment's YAML file, such as samples/emoji/quick.yaml." };
}
