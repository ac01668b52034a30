using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Host.Api;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cli.Verbs;

/// <summary>How the verbs that talk to a cluster find it: by Redis, by the store that <c>up</c> runs on, or through its API.</summary>
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
    private readonly Option<string?> _api = EnvironmentOption.Text("--api", "GMAILCLUSTER_API", "URL", "The cluster's API, instead of store and Redis, for those outside its network.");
    private readonly Option<string?> _token = EnvironmentOption.Text("--token-file", "GMAILCLUSTER_API_TOKEN_FILE", "FILE", "File with your token for the API.");

    /// <summary>The --redis option.</summary>
    public static Option<string?> Redis(string description) => EnvironmentOption.Text("--redis", RedisVariable, "HOST:PORT", description);

    /// <summary>The --cluster option.</summary>
    public static Option<string?> Cluster() =>
        EnvironmentOption.Text("--cluster", ClusterVariable, "ID", "Which cluster of that Redis.", ClusterAddress.DefaultClusterId);

    /// <summary>Adds the options to a verb.</summary>
    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { _store, _redis, _cluster, _api, _token })
        {
            command.Options.Add(option);
        }

        return _tls.AddTo(command);
    }

    /// <summary>What can be asked without a cluster.</summary>
    /// <exception cref="InputException">Options contradict each other.</exception>
    public ShelfSession OpenShelf(ParseResult parsed, CliContext context) =>
        Api(parsed, context) is { } api ? new ShelfSession(api, api) : new ShelfSession(new ExperimentShelf(OpenStore(parsed)), null);

    /// <summary>The experiment that a word means, before a cluster is asked: a wrong word is told at once.</summary>
    public async Task<string> Find(ParseResult parsed, CliContext context, string word, CancellationToken cancellationToken)
    {
        using var session = OpenShelf(parsed, context);
        return await session.Shelf.Find(word, cancellationToken);
    }

    /// <summary>Connects to the cluster, or its API.</summary>
    /// <exception cref="GmailClusterException">There is none; the message says what to do.</exception>
    public async Task<ClusterSession> Connect(ParseResult parsed, CliContext context, CancellationToken cancellationToken)
    {
        if (Api(parsed, context) is { } api)
        {
            return new ClusterSession(api, null, api);
        }

        var store = OpenStore(parsed);
        var address = parsed.GetValue(_redis) is { } redis
            ? new ClusterAddress(parsed.GetValue(_cluster)!, redis, [])
            : (await ClusterRecord.Read(store, cancellationToken))?.Address
                ?? throw new GmailClusterException(
                    store.Location, "has no cluster.", "Start one on it with 'gmailcluster up', or name the Redis of one that runs with --redis HOST:PORT.");
        var client = await ClusterClient.Connect(address, _tls.Read(parsed), context.IsDebug ? LogLevel.Information : LogLevel.None, context.Time, cancellationToken);
        return new ClusterSession(new ExperimentService(client.Grains, store, context.Time), client, null);
    }

    private IObjectStore OpenStore(ParseResult parsed) => ObjectStores.Open(parsed.GetRequiredValue(_store));

    // What is written goes before what the environment says; both ways written at once contradict each other.
    private ApiClient? Api(ParseResult parsed, CliContext context)
    {
        var isDirect = IsWritten(parsed, _store) || IsWritten(parsed, _redis) || IsWritten(parsed, _cluster);
        if (IsWritten(parsed, _api) && isDirect)
        {
            throw new InputException("--api", "is given with --store, --redis or --cluster.", "Give the API, or the store and Redis, not both.");
        }

        return parsed.GetValue(_api) is { } url && !isDirect ? ApiClient.Open(url, parsed.GetValue(_token), context.Time) : null;
    }

    private static bool IsWritten(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
