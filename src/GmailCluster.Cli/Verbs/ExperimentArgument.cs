using System.CommandLine;

namespace GmailCluster.Cli.Verbs;

/// <summary>The ID argument of the verbs that are about one experiment.</summary>
internal static class ExperimentArgument
{
    /// <summary>A new argument; one belongs to one verb.</summary>
    public static Argument<string> Create() => new("ID") { Description = "The experiment, or the beginning of its id." };
}
