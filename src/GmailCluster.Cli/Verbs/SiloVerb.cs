using System.CommandLine;
using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Host.Local;
using GmailCluster.Host.Roles;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster silo</c>: a cluster member, until it is asked to end.</summary>
internal static class SiloVerb
{
    public static Command Create(CliContext context)
    {
        var store = StoreOption.Create();
        var redis = ClusterOptions.Redis("The Redis that the cluster's silos meet in. Without it, a development cluster on this machine.");
        var cluster = ClusterOptions.Cluster();
        var secret = EnvironmentOption.Text("--secret-file", "GMAILCLUSTER_SECRET_FILE", "FILE", "File with the secret that the cluster's silos share; needed beyond loopback.");
        var slots = EnvironmentOption.Number(
            "--slots", "GMAILCLUSTER_SLOTS", "Compute slots: pieces of work that run at once, one thread each.", 1, 1024, Environment.ProcessorCount);
        var advertise = EnvironmentOption.Text(
            "--advertise", "GMAILCLUSTER_ADVERTISED_HOST", "HOST", "IP address or name that the other silos and clients reach this one by.", "127.0.0.1");
        var siloPort = Port("--silo-port", "GMAILCLUSTER_SILO_PORT", "Port for other silos; 0 takes a free one.");
        var gatewayPort = Port("--gateway-port", "GMAILCLUSTER_GATEWAY_PORT", "Port for clients; 0 takes a free one.");
        var dataPort = Port("--data-port", "GMAILCLUSTER_DATA_PORT", "Port for gradients between silos; 0 takes a free one.");
        var healthPort = EnvironmentOption.Number("--health-port", "GMAILCLUSTER_HEALTH_PORT", "Port for probes: /livez, /readyz, /startupz.", 1, 65535);
        var cache = EnvironmentOption.Text("--cache", "GMAILCLUSTER_CACHE", "FOLDER", "Folder that models are fetched into from the store.", ClusterFolders.Cache);
        var tls = new TlsOptions();
        var primary = new Option<string?>("--primary") { Description = "Without Redis: the silo port of the first silo, IP:PORT; none for the first itself.", HelpName = "IP:PORT" };
        var orleans = new Option<bool>("--orleans-dashboard") { Description = "Keep what Orleans' own dashboard shows; 'gmailcluster api --orleans-dashboard PORT' serves it." };
        var child = new Option<bool>(LocalCluster.ChildOption) { Hidden = true };
        var command = tls.AddTo(new Command("silo", "Run a cluster member until it is asked to end (SIGTERM, Ctrl-C): it then leaves at a safe point.")
        {
            store, redis, cluster, secret, slots, advertise, siloPort, gatewayPort, dataPort, healthPort, cache, primary, orleans, child,
        });
        command.SetAction((parsed, cancellationToken) => Run(
            new SiloOptions
            {
                Store = parsed.GetRequiredValue(store),
                Slots = parsed.GetValue(slots)!.Value,
                ClusterId = parsed.GetValue(cluster)!,
                Redis = parsed.GetValue(redis),
                Primary = parsed.GetValue(primary),
                SecretFile = parsed.GetValue(secret),
                AdvertisedHost = parsed.GetValue(advertise)!,
                SiloPort = parsed.GetValue(siloPort)!.Value,
                GatewayPort = parsed.GetValue(gatewayPort)!.Value,
                DataPort = parsed.GetValue(dataPort)!.Value,
                HealthPort = parsed.GetValue(healthPort),
                Tls = tls.Read(parsed),
                CacheFolder = parsed.GetValue(cache)!,
                HasOrleansDashboard = parsed.GetValue(orleans),
            },
            parsed.GetValue(child), context, cancellationToken));
        return command;
    }

    private static async Task<int> Run(SiloOptions options, bool isChild, CliContext context, CancellationToken cancellationToken)
    {
        using var parent = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (isChild)
        {
            _ = EndWithParent(parent);
        }

        var silo = await SiloRole.Start(options, context.IsDebug ? LogLevel.Debug : LogLevel.Information, context.Time, parent.Token);
        await using (silo)
        {
            await context.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{LocalCluster.JoinedPrefix}{silo.Address} joined cluster {options.ClusterId}: {options.Slots} slots, gateway {silo.Gateway}, store {options.Store}."));
            await silo.Ended.WaitAsync(parent.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await context.Out.WriteLineAsync("Leaving the cluster ...");
        }

        await context.Out.WriteLineAsync("Left.");
        return 0;
    }

    private static async Task EndWithParent(CancellationTokenSource parent)
    {
        await using var input = Console.OpenStandardInput();
        var nothing = new byte[16];
        while (await input.ReadAsync(nothing) > 0)
        {
            // Only the end says something.
        }

        await parent.CancelAsync();
    }

    private static Option<int?> Port(string name, string variable, string description) => EnvironmentOption.Number(name, variable, description, 0, 65535, 0);
}
