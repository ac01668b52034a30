using GmailCluster.Cluster;
using GmailCluster.Cluster.Experiments;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Telemetry;
using GmailCluster.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Orleans.Configuration;

namespace GmailCluster.Host.Roles;

/// <summary>What embedded silos, cluster members and clients have in common.</summary>
internal static class SiloServices
{
    /// <summary>A host that reads no configuration but OpenTelemetry's variables and leaves signals to the command; it logs to standard error.</summary>
    /// <param name="logLevel">The least severe log line to print; of Orleans' own lines only errors when it is Warning.</param>
    /// <param name="orleansLevel">The least severe of Orleans' own lines.</param>
    public static HostApplicationBuilder Builder(LogLevel logLevel, LogLevel orleansLevel)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(logLevel).AddSimpleConsole(options => options.SingleLine = true);
        builder.Logging.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Orleans", orleansLevel);
        if (logLevel >= LogLevel.Information)
        {
            // A silo that dies takes calls with it; the callers ask again, and what then fails is told by them.
            // Why a host does not start is told once, in words, by whoever starts it.
            foreach (var category in new[] { "Orleans.Messaging", "Orleans.Runtime.GrainCallCancellationManager", "Polly", "Microsoft.Extensions.Hosting" })
            {
                builder.Logging.AddFilter(category, LogLevel.Critical);
            }
        }

        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        TelemetryExport.AddTo(builder);
        return builder;
    }

    /// <summary>Grains, compute and reports.</summary>
    public static ISiloBuilder UseGmailClusterHost(this ISiloBuilder silo, IObjectStore store, int slots, string cacheFolder)
    {
        silo.Services.AddSingleton<IExperimentReporter, ExperimentReporter>();
        if (TelemetryExport.IsOn)
        {
            silo.AddActivityPropagation();
        }

        return silo
            .Configure<SchedulingOptions>(options => options.TurnWarningLengthThreshold = TimeSpan.FromSeconds(5))
            .Configure<SiloMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromMinutes(5))
            .UseGmailCluster(store, slots, Path.Combine(cacheFolder, "inputs"));
    }

    // The host's own lifetime would catch Ctrl-C, also the second one, which is to end the process at once. Signals are the command's.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
