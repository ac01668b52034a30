using System.Diagnostics.Metrics;

namespace GmailCluster.Telemetry;

/// <summary>An instrument and the attributes that its measurements may have.</summary>
/// <param name="Instrument">Name, unit and description.</param>
/// <param name="Attributes">Keys of its attributes.</param>
public sealed record MetricKind(Instrument Instrument, IReadOnlyList<string> Attributes);
