using GmailCluster.Cluster.Generation;
using GmailCluster.Cluster.Storage;
using GmailCluster.Cluster.Training;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Generation;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Work;
using GmailCluster.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Storage;

namespace GmailCluster.Cluster;

/// <summary>Registers everything a silo needs to do GmailCluster's work.</summary>
public static class GmailClusterSilo
{
    /// <summary>Adds grains, their storage and the silo's compute slots.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="store">The object store.</param>
    /// <param name="slots">Compute slots.</param>
    public static ISiloBuilder UseGmailCluster(this ISiloBuilder silo, IObjectStore store, int slots)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(store);
        services.AddSingleton(_ => new ComputePool(slots));
        services.AddSingleton<ShardGenerator>();
        services.AddSingleton<StageWork>();
        services.AddSingleton<LearningTasks>();
        services.AddSingleton<ReplicaHost>();
        services.AddKeyedSingleton<IGrainStorage>(ObjectStoreGrainStorage.Name, (provider, _) => new ObjectStoreGrainStorage(provider.GetRequiredService<IObjectStore>()));
        services.AddOptions<GenerationOptions>().BindConfiguration(GenerationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return silo;
    }
}
