namespace GmailCluster.Tests.Telemetry;

/// <summary>Tests that listen, and those that need nobody to: one after the other, since listeners are the process's.</summary>
[CollectionDefinition(nameof(TelemetryCollection))]
public sealed class TelemetryCollection;
