using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Host.Local;
using GmailCluster.Host.Roles;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster up</c>: a cluster of processes on this machine, until Ctrl-C.</summary>
internal static class UpVerb
{
    private const int DefaultSilos = 2;
    private const int MostSilos = 64;

    public static Command Create(CliContext context)
    {
        var store = StoreOption.Create();
        var silos = CountOption.Create("--silos", $"How many silos. Default: {DefaultSilos}.", MostSilos);
        var slots = CountOption.Create("--slots", "Compute slots of each silo. Default: the cores, shared among the silos.", 1024);
        var cache = EnvironmentOption.Text("--cache", "GMAILCLUSTER_CACHE", "FOLDER", "Folder that models are fetched into from the store.", ClusterFolders.Cache);
        var command = new Command("up", "Run a cluster on this machine, a process for each silo, until Ctrl-C; experiments then wait for the next one.") { store, silos, slots, cache };
        command.SetAction((parsed, cancellationToken) =>
        {
            var count = parsed.GetValue(silos) ?? DefaultSilos;
            return Run(
                new LocalClusterOptions
                {
                    Store = parsed.GetRequiredValue(store),
                    SiloCount = count,
                    SlotsPerSilo = parsed.GetValue(slots) ?? Math.Max(1, Environment.ProcessorCount / count),
                    CacheFolder = parsed.GetValue(cache)!,
                    Command = Itself(),
                },
                context, cancellationToken);
        });
        return command;
    }

    private static async Task<int> Run(LocalClusterOptions options, CliContext context, CancellationToken cancellationToken)
    {
        var say = TextWriter.Synchronized(context.Out);
        var cluster = await LocalCluster.Start(options, say.WriteLine, context.Time, cancellationToken);
        await using (cluster)
        {
            await say.WriteLineAsync($"The {cluster.Address} is up on store {options.Store}.");
            await say.WriteLineAsync($"Try 'gmailcluster submit samples/emoji/quick.yaml --watch --store {options.Store}' in another terminal. Ctrl-C ends the cluster.");
            try
            {
                await cluster.Watch(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                await say.WriteLineAsync("Ending the cluster ...");
            }
        }

        await say.WriteLineAsync("Ended. Experiments that ran go on with the next cluster on this store.");
        return 0;
    }

    private static IReadOnlyList<string> Itself()
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Combine(AppContext.BaseDirectory, "gmailcluster.dll")] : [program];
    }
}
