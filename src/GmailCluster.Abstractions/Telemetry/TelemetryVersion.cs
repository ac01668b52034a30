using System.Reflection;

namespace GmailCluster.Telemetry;

/// <summary>The version that spans, metrics and the resource carry.</summary>
public static class TelemetryVersion
{
    /// <summary>The product's version, without the commit.</summary>
    public static string Text { get; } =
        (typeof(TelemetryVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];
}
