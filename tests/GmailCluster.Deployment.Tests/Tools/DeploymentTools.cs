using GmailCluster.Deployment.Tests.Processes;

namespace GmailCluster.Deployment.Tests.Tools;

/// <summary>Programs that are fetched into a cache folder; <c>Tools/install</c> says which and how.</summary>
internal static class DeploymentTools
{
    private static readonly Lazy<Task<string>> Folder = new(async () =>
        (await Command.Run(RepositoryRoot.At("tests", "GmailCluster.Deployment.Tests", "Tools", "install"), [], limit: TimeSpan.FromMinutes(3))).Text.Trim());

    public static async Task<Command> Helm(params string[] arguments) => await Command.Run(Path.Combine(await Folder.Value, "helm"), arguments);

    public static async Task<Command> Kubectl(params string[] arguments) => await Command.Run(Path.Combine(await Folder.Value, "kubectl"), arguments);

    /// <summary>Reads expressions, one a line, and prints for each that is not PromQL where it goes wrong.</summary>
    public static async Task<Command> CheckPromql(IEnumerable<string> expressions) => await Command.Run(
        "node", [RepositoryRoot.At("tests", "GmailCluster.Deployment.Tests", "Tools", "promql.mjs"), await Folder.Value], string.Join('\n', expressions));
}
