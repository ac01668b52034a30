using System.Diagnostics;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Telemetry;

namespace GmailCluster.Cli.Tests.Telemetry;

/// <summary>The real command tells a real receiver what it does.</summary>
public sealed class TelemetryTests
{
    private const string OrleansCalls = "Microsoft.Orleans.Application";

    private static readonly HashSet<string> StepAttributes = [Attributes.Run, Attributes.Rank, Attributes.GenerationNumber, Attributes.Step];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_trace_leads_from_the_experiment_to_the_store_and_the_figures_add_up()
    {
        await using var receiver = new OtlpReceiver();
        using var experiment = new TinyExperiment("caption: { steps: 4, batch_size: 8 }");

        var (exitCode, output) = await Run(
            experiment.Folder, ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_SERVICE_NAME", "lab"));

        Assert.True(exitCode == 0, output);
        var tree = new SpanTree(receiver.Spans);
        var own = receiver.Spans.Where(span => span.Source == Spans.SourceName).ToArray();
        var root = Assert.Single(own, span => span.Name == "experiment");
        Assert.Equal("", root.ParentId);
        Assert.Equal("done", root.Attributes[Attributes.Phase]);
        Assert.Equal("lab", root.Resource["service.name"]);
        Assert.All(own, span => Assert.Equal(root, tree.RootOf(span)));
        Assert.All(tree.Named("stage generate"), stage => Assert.Contains(root, tree.AncestorsOf(stage)));
        Assert.Contains(tree.Named("store put"), put => tree.HasAncestors(put, "shard", "stage generate", "experiment") && put.Attributes[Attributes.ObjectKey].EndsWith(".tar", StringComparison.Ordinal));
        Assert.Contains(tree.Named("store put"), put => tree.HasAncestors(put, "checkpoint save", "stage align", "experiment"));
        Assert.All(tree.Named("step"), step => Assert.True(tree.HasAncestors(step, "run", "stage align", "experiment") || tree.HasAncestors(step, "run", "stage caption", "experiment")));
        Assert.All(tree.Named("step"), step => Assert.Superset(StepAttributes, step.Attributes.Keys.ToHashSet()));
        Assert.All(tree.Named("shard"), shard => Assert.Equal("committed", shard.Attributes[Attributes.CommitResult]));
        Assert.Contains(receiver.Spans, span => span.Source == OrleansCalls);
        Assert.All(own, AssertDocumented);

        Assert.All(receiver.Points.Where(point => point.Source == Spans.SourceName), AssertDocumented);
        var images = tree.Named("shard").Sum(shard => int.Parse(shard.Attributes[Attributes.Images], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(images, Total(receiver, "gmailcluster.generation.images"));
        Assert.Equal(tree.Named("shard").Count, Total(receiver, "gmailcluster.generation.shards"));
        Assert.Equal(tree.Named("checkpoint save").Count, receiver.Points.Where(point => point.Name == "gmailcluster.checkpoint.duration" && point.Attributes[Attributes.CheckpointOperation] == "save").Sum(point => point.Value));
        Assert.Equal(own.Count(span => span.Name.StartsWith("stage ", StringComparison.Ordinal)), Total(receiver, "gmailcluster.stage.duration"));
        Assert.Equal(0, Total(receiver, "gmailcluster.stages.running"));
        var steps = tree.Named("step").Select(step => (step.Attributes[Attributes.Run], step.Attributes[Attributes.Step])).Distinct().Count();
        Assert.Equal(steps, Total(receiver, "gmailcluster.steps.committed"));
        Assert.Equal(steps, Total(receiver, "gmailcluster.step.duration"));
        var phases = receiver.Points.Where(point => point.Name == "gmailcluster.step.phase.duration").ToLookup(point => point.Attributes[Attributes.StepPhase], point => point.Value);
        Assert.Equal(2 * steps, phases.Where(phase => phase.Key != "snapshot").Sum(phase => phase.Sum()));
        Assert.InRange(phases["snapshot"].Sum(), tree.Named("checkpoint save").Count, steps);
        Assert.True(Total(receiver, "gmailcluster.store.io") > 0);
        Assert.Contains(receiver.Points, point => point.Source == "Microsoft.Orleans");
    }

    [Fact]
    public async Task A_word_that_names_no_place_for_telemetry_is_refused()
    {
        using var experiment = new TinyExperiment("caption: { steps: 4, batch_size: 8 }");

        var (exitCode, output) = await Run(experiment.Folder, ("GMAILCLUSTER_TELEMETRY", "grafana"));

        Assert.Equal(2, exitCode);
        Assert.Contains("GMAILCLUSTER_TELEMETRY: is 'grafana'", output, StringComparison.Ordinal);
    }

    private static double Total(OtlpReceiver receiver, string name) => receiver.Points.Where(point => point.Name == name).Sum(point => point.Value);

    private static void AssertDocumented(ReceivedSpan span)
    {
        var kind = Assert.Single(Spans.All, kind => kind.Variants.Count == 0 ? kind.Name == span.Name : kind.Variants.Any(variant => $"{kind.Name} {variant}" == span.Name));
        Assert.Subset(kind.Attributes.ToHashSet(), span.Attributes.Keys.ToHashSet());
    }

    private static void AssertDocumented(ReceivedPoint point)
    {
        var kind = Assert.Single(Metrics.All, kind => kind.Instrument.Name == point.Name);
        Assert.Equal(kind.Instrument.Unit, point.Unit);
        Assert.Subset(kind.Attributes.ToHashSet(), point.Attributes.Keys.ToHashSet());
    }

    private static async Task<(int ExitCode, string Output)> Run(string folder, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "gmailcluster.dll"), "run", "tiny.yaml", "--store", "store"])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, string.Concat(texts));
    }
}
