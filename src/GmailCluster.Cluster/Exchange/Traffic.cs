using GmailCluster.Telemetry;

namespace GmailCluster.Cluster.Exchange;

/// <summary>Counts bytes by direction and by what they are for; heads and signs of life count with the sum.</summary>
internal static class Traffic
{
    private const string AllGather = "all_gather";
    private const string AllReduce = "all_reduce";

    public static void Sent(int bytes, FrameType type) => Count(bytes, "transmit", type is FrameType.Rows ? AllGather : AllReduce);

    public static void Received(int bytes, FrameType type) => Count(bytes, "receive", type is FrameType.Rows ? AllGather : AllReduce);

    public static void StateSent(int bytes) => Count(bytes, "transmit", "state");

    public static void StateReceived(int bytes) => Count(bytes, "receive", "state");

    private static void Count(int bytes, string direction, string collective) => Metrics.ExchangeBytes.Add(
        bytes, KeyValuePair.Create<string, object?>(Attributes.Direction, direction), KeyValuePair.Create<string, object?>(Attributes.Collective, collective));
}
