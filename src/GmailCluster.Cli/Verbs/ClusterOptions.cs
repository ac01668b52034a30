using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Host.Roles;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cli.Verbs;

/// <summary>How the verbs that talk to a cluster find it: by Redis, or by the store that <c>up</c> runs on.</summary>
internal sealed class ClusterOptions
{
    /// <summary>The environment variable that names Redis.</summary>
    public const string RedisVariable = "GMAILCLUSTER_REDIS";

    /// <summary>The environment variable that names the cluster.</summary>
    public const string ClusterVariable = "GMAILCLUSTER_CLUSTER_ID";

    private readonly Option<string> _store = StoreOption.Create();
    private readonly Option<string?> _redis = Redis("The Redis that the cluster's silos meet in. Without it, the cluster that 'gmailcluster up' runs on the store.");
    private readonly Option<string?> _cluster = Cluster();
    private readonly TlsOptions _tls = new();

    /// <summary>The --redis option.</summary>
    public static Option<string?> Redis(string description) => EnvironmentOption.Text("--redis", RedisVariable, "HOST:PORT", description);

    /// <summary>The --cluster option.</summary>
    public static Option<string?> Cluster() =>
        EnvironmentOption.Text("--cluster", ClusterVariable, "ID", "Which cluster of that Redis.", ClusterAddress.DefaultClusterId);

    /// <summary>Adds the options to a verb.</summary>
    public Command AddTo(Command command)
    {
        command.Options.Add(_store);
        command.Options.Add(_redis);
        command.Options.Add(_cluster);
        return _tls.AddTo(command);
    }

    /// <summary>The store, without asking for a cluster.</summary>
    public IObjectStore OpenStore(ParseResult parsed) => ObjectStores.Open(parsed.GetRequiredValue(_store));

    /// <summary>Connects to the cluster.</summary>
    /// <exception cref="GmailClusterException">There is none; the message says what to do.</exception>
    public async Task<ClusterSession> Connect(ParseResult parsed, CliContext context, CancellationToken cancellationToken)
    {
        var store = OpenStore(parsed);
        var address = parsed.GetValue(_redis) is { } redis
            ? new ClusterAddress(parsed.GetValue(_cluster)!, redis, [])
            : (await ClusterRecord.Read(store, cancellationToken))?.Address
                ?? throw new GmailClusterException(
                    store.Location, "has no cluster.", "Start one on it with 'gmailcluster up', or name the Redis of one that runs with --redis HOST:PORT.");
        var client = await ClusterClient.Connect(address, _tls.Read(parsed), context.IsDebug ? LogLevel.Information : LogLevel.None, context.Time, cancellationToken);
        return new ClusterSession(client, store, context.Time);
    }
}
