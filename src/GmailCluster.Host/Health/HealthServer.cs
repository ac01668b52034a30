using GmailCluster.Errors;
using GmailCluster.Host.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Health;

/// <summary>Answers probes, and Prometheus under /metrics, on a port of its own, from before the silo starts until after it has stopped.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private HealthServer(WebApplication application) => _application = application;

    public static async Task<HealthServer> Start(int port, HealthState state, TimeProvider time, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(port));
        TelemetryExport.AddPrometheus(builder.Services);
        var application = builder.Build();
        application.MapHealth(state, time);
        application.MapPrometheusScrapingEndpoint();
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new InputException("--health-port", $"{port} cannot be listened on: {e.Message}", "Choose a free port.", e);
        }

        return new HealthServer(application);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }
}
