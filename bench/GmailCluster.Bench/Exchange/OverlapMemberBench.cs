using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using GmailCluster.Bench.Cases;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Bench.Exchange;

/// <summary>
/// One member of bench/overlap/compare, with one rank on one slot: trains a captioner whose gradients leave stage by stage, and one
/// whose gradients leave when the backward pass has ended. Both begin alike, and must end alike.
/// </summary>
internal static class OverlapMemberBench
{
    /// <summary>Reads <c>SELF BATCH TOKENS ADDRESS…</c>, then lines of <c>whole|staged STEPS</c>; answers each with the median seconds of a step, the
    /// rank's own work in one without the exchange, and the weights' SHA-256.</summary>
    public static async Task Run(string address)
    {
        await using var plane = BenchPlane.Open(address);
        await using var pool = new ComputePool(1);
        var told = Console.ReadLine()!.Split(' ');
        var (self, batch, tokens) = (Number(told[0]), Number(told[1]), Number(told[2]));
        var members = BenchPlane.Members(told.Skip(3));
        var item = new BenchCase("overlap", "clipcap-train", "bench/models/configs/gpt2-29m", batch, Prefix: 10, tokens, Seconds: 0);
        var sides = new Dictionary<string, Side>(StringComparer.Ordinal);
        foreach (var (name, stages) in new (string, int?)[] { ("whole", 1), ("staged", null) })
        {
            var exchange = await plane.Join(new ExchangePlan(new ArtifactKey(name), 1, members.Length, members, self), CancellationToken.None);
            sides.Add(name, new Side(new ClipCapTraining(item, stages), exchange, new RankBlock(self, 1), pool));
        }

        while (Console.ReadLine() is { } line)
        {
            var words = line.Split(' ');
            Console.WriteLine(await sides[words[0]].Train(Number(words[1])));
        }

        foreach (var side in sides.Values)
        {
            await side.DisposeAsync();
        }
    }

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    private sealed class Side : IAsyncDisposable
    {
        private readonly ClipCapTraining _task;
        private readonly IRunExchange _exchange;
        private readonly TrainingReplica _replica;
        private readonly int _rank;

        public Side(ClipCapTraining task, IRunExchange exchange, RankBlock block, ComputePool pool)
        {
            (_task, _exchange, _rank) = (task, exchange, block.First);
            _replica = new TrainingReplica(task, new OptimizerSpec { LearningRate = 1e-4, WeightDecay = 0.01 }, steps: 1_000_000, exchange.Plan.WorldSize, pool);
            _replica.Begin(block, exchange);
        }

        public async Task<string> Train(int steps)
        {
            var times = new double[steps];
            for (var i = 0; i < steps; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await _replica.RunStep(_rank, _replica.CommittedSteps, CancellationToken.None);
                times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            Array.Sort(times);
            var weights = Convert.ToHexStringLower(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_task.Parameters.Values)));
            return FormattableString.Invariant($"{times[steps / 2]} {_replica.Pace!.Value.TotalSeconds} {weights}");
        }

        public async ValueTask DisposeAsync()
        {
            await _exchange.DisposeAsync();
            _replica.Dispose();
            _task.Dispose();
        }
    }
}
