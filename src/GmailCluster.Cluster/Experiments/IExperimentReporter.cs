using GmailCluster.Grains;
using GmailCluster.Keys;

namespace GmailCluster.Cluster.Experiments;

/// <summary>Writes what an experiment found out when its stages are done. The host knows how; the experiment knows when.</summary>
public interface IExperimentReporter
{
    /// <summary>Leaves <c>results.json</c> and <c>report.html</c> under <c>experiments/&lt;id&gt;/</c>. A second call writes them anew.</summary>
    /// <param name="order">What was submitted.</param>
    /// <param name="cached">Stages that were done before.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task Write(ExperimentOrder order, IReadOnlySet<ArtifactKey> cached, CancellationToken cancellationToken);
}
