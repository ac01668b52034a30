using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace GmailCluster.Cluster.Exchange;

/// <summary>What a data plane counts, meter <c>GmailCluster.Exchange</c>, and its spans, source of the same name.</summary>
internal sealed class DataPlaneMetrics : IDisposable
{
    /// <summary>The name of meter and source.</summary>
    public const string Name = "GmailCluster.Exchange";

    private readonly Counter<long> _refused;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _bytes;
    private readonly Histogram<double> _duration;

    public DataPlaneMetrics()
    {
        Meter = new Meter(Name);
        _refused = Meter.CreateCounter<long>("gmailcluster.exchange.refused", "{connection}", "Connections and frames refused, by reason.");
        _lost = Meter.CreateCounter<long>("gmailcluster.exchange.peers_lost", "{peer}", "Members of a plan that were lost, by reason.");
        _bytes = Meter.CreateCounter<long>("gmailcluster.exchange.io", "By", "Bytes sent and received, by direction.");
        _duration = Meter.CreateHistogram<double>("gmailcluster.exchange.duration", "s", "Time of a call, by operation.");
    }

    public static ActivitySource Activities { get; } = new(Name);

    public Meter Meter { get; }

    public void Refused(string reason) => _refused.Add(1, KeyValuePair.Create<string, object?>("reason", reason));

    public void Lost(Loss loss) => _lost.Add(1, KeyValuePair.Create<string, object?>("reason", loss switch
    {
        Loss.Broken => "broken",
        Loss.Silent => "silent",
        _ => "garbage",
    }));

    public void Sent(int bytes) => _bytes.Add(bytes, KeyValuePair.Create<string, object?>("direction", "sent"));

    public void Received(int bytes) => _bytes.Add(bytes, KeyValuePair.Create<string, object?>("direction", "received"));

    public void Called(string operation, TimeSpan duration) =>
        _duration.Record(duration.TotalSeconds, KeyValuePair.Create<string, object?>("operation", operation));

    public void Dispose() => Meter.Dispose();
}
