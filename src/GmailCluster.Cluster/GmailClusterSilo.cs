using GmailCluster.Cluster.Experiments;
using GmailCluster.Cluster.Generation;
using GmailCluster.Cluster.Nodes;
using GmailCluster.Cluster.Storage;
using GmailCluster.Cluster.Training;
using GmailCluster.Cluster.Work;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Generation;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Work;
using GmailCluster.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Storage;

namespace GmailCluster.Cluster;

/// <summary>Registers everything a silo needs to do GmailCluster's work.</summary>
public static class GmailClusterSilo
{
    /// <summary>Adds grains, their storage and the silo's compute slots.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="store">The object store.</param>
    /// <param name="slots">Compute slots.</param>
    /// <param name="inputs">Folder that model folders of the store are fetched into.</param>
    public static ISiloBuilder UseGmailCluster(this ISiloBuilder silo, IObjectStore store, int slots, string inputs)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        store = new ObservedStore(store, TimeProvider.System);
        services.TryAddSingleton(TimeProvider.System);
        services.SendOwnExceptions();
        services.AddSingleton(store);
        services.AddSingleton(_ => new ComputePool(slots));
        services.AddSingleton<ShardGenerator>();
        services.AddSingleton(_ => new InputFolders(store, inputs));
        services.TryAddSingleton<MakeShard>(provider => provider.GetRequiredService<ShardGenerator>().Make);
        services.AddSingleton<StageWork>();
        services.AddSingleton(provider => new RecordedWork(store, provider.GetRequiredService<StageWork>().Run, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<LearningTasks>();
        services.TryAddSingleton<IDataPlane, SoloDataPlane>(); // a cluster of one silo needs no other
        services.AddSingleton<RankReporter>();
        services.AddSingleton(provider => new ReplicaHost(new RunServices(
            provider.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString(),
            store,
            provider.GetRequiredService<ComputePool>(),
            provider.GetRequiredService<IDataPlane>(),
            provider.GetRequiredService<LearningTasks>().Open,
            (run, cancellationToken) => TrainingRunGrain.StoredGeneration(store, run, cancellationToken),
            provider.GetRequiredService<RankReporter>().Report,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>())));
        services.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        services.AddGrainDirectory(NodeDirectory.Name, (_, _) => new NodeDirectory());
        services.AddOptions<RunOptions>().BindConfiguration(RunOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ClusterCapacity>();
        services.AddKeyedSingleton<IGrainStorage>(ObjectStoreGrainStorage.Name, (provider, _) => new ObjectStoreGrainStorage(provider.GetRequiredService<IObjectStore>()));
        services.AddOptions<GenerationOptions>().BindConfiguration(GenerationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ExperimentOptions>().BindConfiguration(ExperimentOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return silo;
    }

    /// <summary>Lets our exceptions travel between processes as what they are: their words are for the user at the other end.</summary>
    public static IServiceCollection SendOwnExceptions(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(nameof(GmailCluster)));

    /// <summary>
    /// Adds what a silo does as one of several: experiments whose submitter has gone are brought back when their silo is lost,
    /// and joins and losses are logged.
    /// </summary>
    public static ISiloBuilder UseClusterMember(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddHostedService<ExperimentWatchdog>();
        silo.Services.AddHostedService<MembershipLog>();
        silo.Services.AddHostedService<DrainOnStop>();
        return silo;
    }
}
