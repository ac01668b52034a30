using System.Net;
using GmailCluster.Errors;

namespace GmailCluster.Host.Roles;

/// <summary>Where a cluster is: its name, and the Redis its silos meet in or, in development without Redis, its gateways.</summary>
/// <param name="ClusterId">Which cluster of that Redis; silos and clients of another are not seen.</param>
/// <param name="Redis"><c>HOST:PORT</c>, with StackExchange.Redis' options after a comma; null for a cluster without Redis.</param>
/// <param name="Gateways"><c>IP:PORT</c> of each silo's gateway, for a cluster without Redis.</param>
public sealed record ClusterAddress(string ClusterId, string? Redis, IReadOnlyList<string> Gateways)
{
    /// <summary>The cluster's name when nobody gives one.</summary>
    public const string DefaultClusterId = "gmailcluster";

    /// <summary>The service id of every GmailCluster: grains of all clusters are the same kind.</summary>
    internal const string ServiceId = "gmailcluster";

    /// <summary>For messages, without the password that Redis options may hold.</summary>
    public override string ToString() => Redis is null
        ? $"cluster {ClusterId} at {string.Join(", ", Gateways)}"
        : $"cluster {ClusterId} at Redis {RedisServer.Name(Redis)}";

    /// <summary>Reads <c>IP:PORT</c>.</summary>
    internal static IPEndPoint EndPoint(string option, string value) => IPEndPoint.TryParse(value, out var endpoint) && endpoint.Port > 0
        ? endpoint
        : throw new InputException(option, $"'{value}' is no IP:PORT.", "Write it as 127.0.0.1:11111.");
}
