using GmailCluster.Errors;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace GmailCluster.Host.Telemetry;

/// <summary>
/// Where spans, metrics and log lines go, by OpenTelemetry's standard variables, and by GMAILCLUSTER_TELEMETRY=console for development.
/// Without them nothing is collected but what a silo's health port shows Prometheus. docs/operate/telemetry.md describes them.
/// </summary>
public static class TelemetryExport
{
    private const string Own = "GMAILCLUSTER_TELEMETRY";

    private static readonly string[] Endpoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

    /// <summary>Whether anything is exported.</summary>
    /// <exception cref="InputException">GMAILCLUSTER_TELEMETRY has an unknown value.</exception>
    public static bool IsOn => !IsDisabled && (IsConsole || IsOtlp);

    private static bool IsDisabled => string.Equals(Environment.GetEnvironmentVariable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);

    private static bool IsOtlp => Endpoints.Any(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));

    private static bool IsConsole => Environment.GetEnvironmentVariable(Own) switch
    {
        null or "" => false,
        "console" => true,
        var other => throw new InputException(Own, $"is '{other}', which is no place for telemetry.", "Set it to 'console', or unset it and set OTEL_EXPORTER_OTLP_ENDPOINT."),
    };

    /// <summary>Keeps the process's metrics for whoever asks: map <c>MapPrometheusScrapingEndpoint</c> on the same application.</summary>
    internal static void AddPrometheus(IServiceCollection services) =>
        services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(Spans.SourceName, "Microsoft.Orleans").AddPrometheusExporter());

    /// <summary>Registers what the variables ask for.</summary>
    internal static void AddTo(HostApplicationBuilder builder)
    {
        if (!IsOn)
        {
            return;
        }

        // The host reads no configuration of its own; OpenTelemetry looks for its variables there.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value)));
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("gmailcluster", serviceVersion: TelemetryVersion.Text).AddEnvironmentVariableDetector())
            .WithTracing(tracing =>
            {
                tracing.AddSource(Spans.SourceName, "Microsoft.Orleans.Application", "Microsoft.Orleans.Lifecycle");
                if (Environment.GetEnvironmentVariable("OTEL_TRACES_SAMPLER") is null or "")
                {
                    tracing.SetSampler(new ParentBasedSampler(new OwnRootSampler()));
                }

                if (IsConsole)
                {
                    tracing.AddConsoleExporter();
                }
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Spans.SourceName, "Microsoft.Orleans");
                if (IsConsole)
                {
                    metrics.AddConsoleExporter();
                }
            });
        builder.Logging.Configure(logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        builder.Services.Configure<SimpleConsoleFormatterOptions>(console => console.IncludeScopes = true);
        if (IsOtlp)
        {
            telemetry.WithLogging(null, logging => logging.IncludeFormattedMessage = true).UseOtlpExporter();
        }
    }
}
