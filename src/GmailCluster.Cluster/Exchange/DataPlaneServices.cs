using GmailCluster.Learning.Exchange;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Exchange;

/// <summary>Registers a silo's data plane.</summary>
public static class DataPlaneServices
{
    /// <summary>
    /// Adds <see cref="IDataPlane"/> over TCP. It listens from the moment it is first asked for, at the latest when the host starts, until the
    /// container is disposed.
    /// </summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="configure">Settings beside those of the configuration section <c>DataPlane</c>.</param>
    public static IServiceCollection AddDataPlane(this IServiceCollection services, Action<DataPlaneOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<DataPlaneOptions>().BindConfiguration(DataPlaneOptions.Section);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        options.ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<DataPlaneOptions>, DataPlaneOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TcpDataPlane>();
        services.AddSingleton<IDataPlane>(provider => provider.GetRequiredService<TcpDataPlane>());
        services.AddHostedService<Listening>();
        return services;
    }

    // A port that is taken shows when the host starts, not when the first run does.
    private sealed class Listening(IServiceProvider provider) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            provider.GetRequiredService<TcpDataPlane>();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
