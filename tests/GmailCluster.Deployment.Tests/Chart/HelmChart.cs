using GmailCluster.Deployment.Tests.Processes;
using GmailCluster.Deployment.Tests.Tools;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>The chart, rendered by the real helm.</summary>
internal static class HelmChart
{
    public const string Namespace = "research";

    // What has no default, so that a test says only what it is about.
    private const string Least =
        """
        image: {repository: registry.example.com/gmailcluster}
        cluster: {secret: {existingSecret: cluster}}
        store: {url: azure://account/container}
        redis: {existing: {address: "redis:6379"}}
        api: {tokens: {existingSecret: tokens}}
        """;

    public static string Folder { get; } = RepositoryRoot.At("helm", "gmailcluster");

    /// <summary>The sample values files, without ".yaml".</summary>
    public static IEnumerable<string> Samples { get; } =
        [.. Directory.GetFiles(Path.Combine(Folder, "samples"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static string Sample(string name) => Path.Combine(Folder, "samples", $"{name}.yaml");

    /// <summary>What helm makes of a sample.</summary>
    public static async Task<Rendering> OfSample(string name) =>
        Rendering.Parse((await Template("gmailcluster", Folder, "--values", Sample(name))).Text);

    /// <summary>What helm makes of the least values and <paramref name="values"/> over them.</summary>
    public static async Task<Rendering> With(string values, string? chart = null)
    {
        var run = await TryWith(values, chart);
        return Rendering.Parse(run.Text);
    }

    /// <summary>As <see cref="With"/>, but it may fail.</summary>
    public static async Task<Command> TryWith(string values, string? chart = null)
    {
        var (least, given) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            await File.WriteAllTextAsync(least, Least);
            await File.WriteAllTextAsync(given, values);
            return await Template("trial", chart ?? Folder, "--values", least, "--values", given);
        }
        finally
        {
            File.Delete(least);
            File.Delete(given);
        }
    }

    public static Task<Command> Template(string release, string chart, params string[] arguments) =>
        DeploymentTools.Helm(["template", release, chart, "--namespace", Namespace, .. arguments]);
}
