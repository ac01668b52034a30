using GmailCluster.Cluster.Experiments;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Reporting.Export;
using GmailCluster.Reporting.Report;
using GmailCluster.Specs;
using GmailCluster.Storage;

namespace GmailCluster.Host.Experiments;

/// <inheritdoc cref="IExperimentReporter"/>
internal sealed class ExperimentReporter(IObjectStore store) : IExperimentReporter
{
    // Pictures are decoded and plots drawn: not on the grains' scheduler.
    public Task Write(ExperimentOrder order, IReadOnlySet<ArtifactKey> cached, CancellationToken cancellationToken) =>
        Task.Run(() => WriteBoth(order, cached, cancellationToken), cancellationToken);

    private async Task WriteBoth(ExperimentOrder order, IReadOnlySet<ArtifactKey> cached, CancellationToken cancellationToken)
    {
        var loaded = new LoadedSpec(SpecReader.Parse(order.SpecYaml, ExperimentShelf.SpecKey(order.Id)), ExperimentShelf.SpecKey(order.Id), "", order.SpecYaml);
        var results = await ResultsAssembler.Assemble(store, loaded, order.Stages, cached, HostFacts.Read(), cancellationToken).ConfigureAwait(false);
        using var json = new MemoryStream();
        ResultsFile.Write(results, json);
        await store.PutBytes(ExperimentShelf.ResultsKey(order.Id), json.ToArray(), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        using var html = new MemoryStream();
        ReportWriter.Write(results, html);
        await store.PutBytes(ExperimentShelf.ReportKey(order.Id), html.ToArray(), PutCondition.Always, cancellationToken).ConfigureAwait(false);
    }
}
