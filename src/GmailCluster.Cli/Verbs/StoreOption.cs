using System.CommandLine;

namespace GmailCluster.Cli.Verbs;

/// <summary>The --store option: where artifacts are kept.</summary>
internal static class StoreOption
{
    /// <summary>The folder used when neither option nor environment names one.</summary>
    public const string DefaultFolder = ".gmailcluster";

    /// <summary>The environment variable that names another.</summary>
    public const string EnvironmentVariable = "GMAILCLUSTER_STORE";

    /// <summary>A new option; one belongs to one verb.</summary>
    public static Option<string> Create() => new("--store")
    {
        Description = $"Where images, checkpoints and results are kept: a folder, or azure://account/container/prefix. Default: ${EnvironmentVariable}, else {DefaultFolder} in the current folder.",
        HelpName = "STORE",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } folder ? folder : DefaultFolder,
    };
}
