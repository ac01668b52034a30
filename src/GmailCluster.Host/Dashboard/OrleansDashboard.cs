using GmailCluster.Cluster.Tls;
using GmailCluster.Errors;
using GmailCluster.Host.Roles;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Dashboard;

namespace GmailCluster.Host.Dashboard;

/// <summary>
/// Orleans' own dashboard: grains, calls and logs of the runtime, for those who look into the cluster itself. It knows no tokens,
/// so it is reached from its own machine only. It shows what silos keep that were started with --orleans-dashboard.
/// </summary>
internal sealed class OrleansDashboard : IAsyncDisposable
{
    private readonly WebApplication _application;

    private OrleansDashboard(WebApplication application) => _application = application;

    /// <summary>Connects to the cluster and listens on loopback.</summary>
    public static async Task<OrleansDashboard> Start(int port, ClusterAddress address, TlsFiles? tls, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        builder.UseOrleansClient(client =>
        {
            ClusterClient.Configure(client, address, tls);
            client.AddDashboard();
        });
        var application = builder.Build();
        application.MapOrleansDashboard();
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new InputException("--orleans-dashboard", $"{port} cannot be listened on: {e.Message}", "Choose a free port.", e);
        }

        return new OrleansDashboard(application);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }
}
