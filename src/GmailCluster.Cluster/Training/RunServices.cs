using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tasks;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>What a silo lends to the runs on it.</summary>
/// <param name="Silo">The silo's address in the cluster.</param>
/// <param name="Store">The object store.</param>
/// <param name="Pool">Compute slots.</param>
/// <param name="DataPlane">The way to other silos' copies.</param>
/// <param name="OpenTask">Loads a stage's model and data.</param>
/// <param name="StoredGeneration">The run's generation number as the store has it.</param>
/// <param name="Report">Tells the run's owner how a rank ended.</param>
/// <param name="Time">The clock.</param>
/// <param name="Loggers">Loggers.</param>
internal sealed record RunServices(
    string Silo,
    IObjectStore Store,
    ComputePool Pool,
    IDataPlane DataPlane,
    Func<Stage, CancellationToken, Task<OpenedTask>> OpenTask,
    Func<ArtifactKey, CancellationToken, Task<long>> StoredGeneration,
    Func<ArtifactKey, RankReport, CancellationToken, Task> Report,
    TimeProvider Time,
    ILoggerFactory Loggers);
