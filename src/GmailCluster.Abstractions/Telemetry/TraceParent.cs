using System.Diagnostics;

namespace GmailCluster.Telemetry;

/// <summary>
/// A span's place in its trace, as text that messages and stored state carry: background loops and activations on another
/// silo go on in the trace of whoever asked for the work.
/// </summary>
public static class TraceParent
{
    /// <summary>The current span as W3C <c>traceparent</c>; null when there is none.</summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null;

    /// <summary>Reads what <see cref="Current"/> gave.</summary>
    public static ActivityContext Parse(string? traceParent) => ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;
}
