using GmailCluster.Cluster.Exchange;
using GmailCluster.Learning.Exchange;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace GmailCluster.Bench.Exchange;

/// <summary>What the members of the comparisons between processes have in common: a data plane each, and a rank each.</summary>
internal static class BenchPlane
{
    /// <summary>Listens, and says where.</summary>
    public static TcpDataPlane Open(string address)
    {
        var options = new DataPlaneOptions { ClusterId = "bench", Secret = "no secret, only bytes", ListenAddress = address, JoinTimeout = TimeSpan.FromMinutes(1) };
        var plane = new TcpDataPlane(Options.Create(options), NullLogger<TcpDataPlane>.Instance, TimeProvider.System);
        Console.WriteLine(plane.Address);
        return plane;
    }

    /// <summary>The members that listen at these addresses.</summary>
    public static ExchangeMember[] Members(IEnumerable<string> addresses) => [.. addresses.Select((address, i) => new ExchangeMember($"member-{i}", address, i, 1))];
}
