using System.Globalization;
using System.Text;
using GmailCluster.Cli.Tests.Clusters;
using GmailCluster.Data.Storage;
using GmailCluster.Experiments;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;
using GmailCluster.Telemetry;

namespace GmailCluster.Cli.Tests.Telemetry;

/// <summary>Silos tell a real receiver of a run that one of them did not survive.</summary>
public sealed class KilledRunTests
{
    private const int AlignSteps = 80;

    private string _align = ""; // the run's key

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_silo_shows_in_one_trace_in_the_lines_of_the_log_and_in_what_was_lost()
    {
        await using var receiver = new OtlpReceiver();
        await using var redis = await LocalRedis.Start();
        using var experiment = new TinyExperiment("caption: { steps: 2, batch_size: 4 }")
            .With("arms: [naive, gmail+real]", "arms: [gmail]")
            .With("limit: 48", "limit: 24")
            .With("steps: 3\n", $"steps: {AlignSteps.ToString(CultureInfo.InvariantCulture)}\n")
            .With("every_steps: 1 ", "every_steps: 50 ");
        _align = (await experiment.Plan(Token)).Stages.Single(stage => stage.Kind is StageKind.Align).Key.Value;
        var silos = new Dictionary<string, CommandProcess>();
        try
        {
            foreach (var name in new[] { "one", "two", "three" })
            {
                silos[name] = Silo(name, experiment, redis, receiver);
            }

            foreach (var silo in silos.Values)
            {
                await silo.Line(line => line.StartsWith("Silo 127.0.0.1:", StringComparison.Ordinal));
            }

            Assert.Equal(0, (await CommandProcess.Run(experiment.Folder, "submit", "tiny.yaml", "--store", "store", "--redis", redis.Address)).ExitCode);

            // Who keeps the experiment's and the run's books is to live on: spans that nobody ends are not told.
            var run = await receiver.Until(() => receiver.Logs.FirstOrDefault(log => log.Text.StartsWith("align matched seed 0: generation number 1: ranks ", StringComparison.Ordinal)));
            var generated = await receiver.Until(() => receiver.Spans.FirstOrDefault(span => span.Name == "stage generate"));
            var victim = silos.Keys.Except([run.Resource["service.name"], generated.Resource["service.name"]]).First();
            await receiver.Until(() => receiver.Spans.FirstOrDefault(span => IsAlignStep(span) && span.Resource["service.name"] == victim && Step(span) > 5));
            silos[victim].Kill();

            var watched = await CommandProcess.Run(experiment.Folder, "watch", "tiny", "--store", "store", "--redis", redis.Address);
            Assert.True(watched.ExitCode == 0, watched.Out + watched.Error);
            var consoles = "";
            foreach (var (name, silo) in silos.Where(pair => pair.Key != victim))
            {
                silo.Terminate();
                var ended = await silo.End();
                Assert.True(ended.ExitCode == 0, $"{name}: {ended.Error}");
                consoles += ended.Error;
            }

            Tree(receiver, run, victim);
            await Figures(receiver, experiment, victim);
            Assert.Matches($"SpanId:[0-9a-f]{{16}}, TraceId:{run.TraceId}[^\n]* align matched seed 0: generation number [2-9]: ", consoles);
        }
        finally
        {
            foreach (var silo in silos.Values)
            {
                silo.Dispose();
            }
        }
    }

    private void Tree(OtlpReceiver receiver, ReceivedLog run, string victim)
    {
        var tree = new SpanTree(receiver.Spans);
        var own = receiver.Spans.Where(span => span.Source == Spans.SourceName).ToArray();
        // One that is submitted while silos join may change hands before it does anything.
        var root = tree.RootOf(Assert.Single(own, span => span.Name == "experiment" && span.Attributes[Attributes.Phase] == "done"));

        Assert.Equal(("experiment", ""), (root.Name, root.ParentId));
        Assert.All(own, span => Assert.Equal(root.TraceId, span.TraceId)); // whatever the one that was killed could not tell any more
        Assert.Equal(3, own.Select(span => span.Resource["service.name"]).Distinct().Count());
        Assert.Contains(tree.Named("store put"), put => tree.HasAncestors(put, "shard", "stage generate", "experiment") && put.Attributes[Attributes.ObjectKey].EndsWith(".tar", StringComparison.Ordinal));
        Assert.Contains(tree.Named("store put"), put => tree.HasAncestors(put, "checkpoint save", "stage align", "experiment"));
        var steps = own.Where(IsAlignStep).ToLookup(GenerationNumber);
        Assert.True(steps.Contains("1") && steps.Count > 1);
        Assert.All(steps.Where(generation => generation.Key != "1").SelectMany(generation => generation), step =>
        {
            Assert.True(tree.HasAncestors(step, "run", "stage align", "experiment"));
            Assert.NotEqual(victim, step.Resource["service.name"]);
        });
        var recovery = tree.Named("recovery").Where(span => span.Attributes[Attributes.Run] == _align).MinBy(span => int.Parse(GenerationNumber(span), CultureInfo.InvariantCulture))!;
        Assert.True(tree.HasAncestors(recovery, "stage align", "experiment"));
        Assert.Matches("lost|given 127.0.0.1:[^ ]+ up", recovery.Attributes[Attributes.Reason]);

        Assert.Equal(root.TraceId, run.TraceId);
        var lines = receiver.Logs.Where(log => log.Text.StartsWith("align matched seed 0: generation number ", StringComparison.Ordinal)).ToArray();
        Assert.True(lines.Length >= 2);
        Assert.All(lines, line => Assert.Equal(root.TraceId, line.TraceId));
    }

    private async Task Figures(OtlpReceiver receiver, TinyExperiment experiment, string victim)
    {
        var id = (await experiment.Plan(Token)).Id;
        var journal = Encoding.UTF8.GetString(await experiment.Store.ReadAllBytes(ExperimentEvent.ObjectKey(id), Token));
        var plans = journal.Split('\n').Where(line => line.Contains("align matched seed 0: generation number ", StringComparison.Ordinal) && line.Contains(", from step ", StringComparison.Ordinal))
            .Select(line => (Number: Number(line, "generation number ", ':'), From: Number(line, ", from step ", ','))).Prepend((Number: 1, From: 0)).Distinct().OrderBy(plan => plan.Number).ToArray(); // that it began is told elsewhere
        var steps = receiver.Spans.Where(IsAlignStep).ToLookup(span => int.Parse(GenerationNumber(span), CultureInfo.InvariantCulture), Step);

        // One kill, one more plan; on a slow machine the next attempt, too, may come to nothing, or ranks be moved from a slow silo.
        Assert.True(plans.Length > 1);
        Assert.InRange(plans[1].From, 6, AlignSteps - 1);
        Assert.Equal(plans[^1].Number - 1, Total(receiver, "gmailcluster.recoveries"));
        var begunAgain = plans.Zip(plans.Skip(1), (before, plan) => steps[before.Number].Distinct().Count(step => step >= plan.From)).Sum();
        var lost = Total(receiver, "gmailcluster.steps.lost");
        Assert.True(begunAgain >= 1 && lost >= begunAgain && lost < begunAgain + plans.Length - 1, $"{lost} lost, {begunAgain} begun again: {string.Join("; ", plans)}\n{journal}");
        var recovery = Of(receiver, "gmailcluster.recovery.duration").ToArray();
        Assert.Equal(plans.Length - 1, recovery.Sum(point => point.Value));
        Assert.InRange(recovery.Sum(point => point.Sum), 0.001, 60);
        var survivors = Of(receiver, "gmailcluster.steps.committed").Where(point => point.Resource["service.name"] != victim).ToArray();
        Assert.Equal(2, survivors.Length);
        Assert.All(survivors, point => Assert.Equal(AlignSteps, point.Value));
        var goodput = Of(receiver, "gmailcluster.run.goodput").ToArray();
        Assert.NotEmpty(goodput);
        Assert.All(goodput, point => Assert.InRange(point.Value, 0.0001, 0.9999));
    }

    private static int Number(string line, string before, char after) => int.Parse(line.Split(before)[1].Split(after)[0], CultureInfo.InvariantCulture);

    private static CommandProcess Silo(string name, TinyExperiment experiment, LocalRedis redis, OtlpReceiver receiver) => CommandProcess.StartWith(
        experiment.Folder,
        new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_SERVICE_NAME"] = name,
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        },
        "silo", "--store", "store", "--redis", redis.Address, "--slots", "1", "--cache", "cache");

    private bool IsAlignStep(ReceivedSpan span) => span.Name == "step" && span.Attributes[Attributes.Run] == _align;

    private static string GenerationNumber(ReceivedSpan span) => span.Attributes[Attributes.GenerationNumber];

    private static int Step(ReceivedSpan span) => int.Parse(span.Attributes[Attributes.Step], CultureInfo.InvariantCulture);

    private static IEnumerable<ReceivedPoint> Of(OtlpReceiver receiver, string name) =>
        receiver.Points.Where(point => point.Name == name && point.Attributes[Attributes.StageKind] == "align");

    private static double Total(OtlpReceiver receiver, string name) => Of(receiver, name).Sum(point => point.Value);
}
