using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Nodes;

/// <summary>Tells an operator in a line whenever a silo joins, leaves or is given up.</summary>
internal sealed partial class MembershipLog(ISiloStatusOracle silos, ILogger<MembershipLog> logger) : IHostedService, ISiloStatusListener
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        silos.UnSubscribeFromSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (updatedSilo.Equals(silos.SiloAddress))
        {
            return;
        }

        var silo = updatedSilo.Endpoint;
        switch (status)
        {
            case SiloStatus.Active:
                LogJoined(silo);
                break;
            case SiloStatus.ShuttingDown:
                LogLeaving(silo);
                break;
            case SiloStatus.Dead:
                LogGone(silo);
                break;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Silo} has joined; it is given work from now on")]
    private partial void LogJoined(System.Net.IPEndPoint silo);

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Silo} is leaving; the others take over")]
    private partial void LogLeaving(System.Net.IPEndPoint silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Silo {Silo} is gone; what it did goes on elsewhere")]
    private partial void LogGone(System.Net.IPEndPoint silo);
}
