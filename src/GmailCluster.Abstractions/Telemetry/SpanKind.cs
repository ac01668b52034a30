using System.Diagnostics;

namespace GmailCluster.Telemetry;

/// <summary>A sort of span: its name, what it covers, and the attributes that it may have.</summary>
/// <param name="Name">The span's name; where it has variants, what their names begin with.</param>
/// <param name="Covers">From when to when, as a sentence.</param>
/// <param name="Attributes">Keys of its attributes.</param>
/// <param name="Variants">Second words of the name, such as the kinds of stages; none when the name is one word.</param>
public sealed record SpanKind(string Name, string Covers, IReadOnlyList<string> Attributes, IReadOnlyList<string> Variants)
{
    private readonly Dictionary<string, string> _names = Variants.ToDictionary(variant => variant, variant => $"{Name} {variant}", StringComparer.Ordinal);

    /// <summary>Starts a span below <see cref="Activity.Current"/>; null when nobody listens. Dispose it to end it.</summary>
    /// <param name="variant">The second word of its name.</param>
    public Activity? Start(string? variant = null) => Spans.Source.StartActivity(NameOf(variant));

    /// <summary>Starts a span below one that may be another process's, as <see cref="TraceParent"/> carries it.</summary>
    /// <param name="traceParent">W3C <c>traceparent</c>; null or not valid begins a trace.</param>
    /// <param name="variant">The second word of its name.</param>
    public Activity? StartUnder(string? traceParent, string? variant = null) =>
        Spans.Source.StartActivity(NameOf(variant), ActivityKind.Internal, TraceParent.Parse(traceParent));

    private string NameOf(string? variant) => variant is null ? Name : _names.GetValueOrDefault(variant, Name);
}
