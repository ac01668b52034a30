using GmailCluster.Telemetry;
using OpenTelemetry.Trace;

namespace GmailCluster.Host.Telemetry;

/// <summary>
/// Decides on spans that begin a trace: our own do. Silos call one another several times a second to look after things; a trace of each would
/// bury the experiments'.
/// </summary>
internal sealed class OwnRootSampler : Sampler
{
    private static readonly HashSet<string> Names =
        [.. Spans.All.Where(span => span != Spans.Store).SelectMany(span => span.Variants.Select(variant => $"{span.Name} {variant}").Append(span.Name))];

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        new(Names.Contains(samplingParameters.Name) ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
}
