using System.Diagnostics;
using System.Globalization;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Specs;

namespace GmailCluster.Bench.Exchange;

/// <summary>
/// One member of bench/exchange/compare: says where it listens, is told where the others do, and then sums as often as it is told.
/// </summary>
internal static class ExchangeMemberBench
{
    /// <summary>Reads <c>WIRE SELF ADDRESS…</c>, then lines of <c>BYTES TIMES</c>; answers each with its median and its 10th percentile in seconds, the
    /// process's time on the cores a call, and the bytes it allocated.</summary>
    public static async Task Run(string address)
    {
        await using var plane = BenchPlane.Open(address);
        var told = Console.ReadLine()!.Split(' ');
        var members = BenchPlane.Members(told.Skip(2));
        var plan = new ExchangePlan(
            new ArtifactKey("bench"), 1, members.Length, members, int.Parse(told[1], CultureInfo.InvariantCulture), Enum.Parse<WireType>(told[0], ignoreCase: true));
        await using var exchange = await plane.Join(plan, CancellationToken.None);
        var step = 0;
        while (Console.ReadLine() is { } line)
        {
            var numbers = line.Split(' ').Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray();
            Memory<float> values = Enumerable.Repeat(1f, numbers[0] / sizeof(float)).ToArray();
            await exchange.AllReduce(step++, 0, [values], values, CancellationToken.None);
            if (values.Span.ContainsAnyExcept((float)members.Length))
            {
                throw new InvalidOperationException("The sum is wrong.");
            }

            values.Span.Clear();
            var times = new double[numbers[1]];
            var cpu = Environment.CpuUsage.TotalTime;
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < times.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await exchange.AllReduce(step++, 0, [values], values, CancellationToken.None);
                times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            cpu = Environment.CpuUsage.TotalTime - cpu;
            allocated = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / times.Length;
            Array.Sort(times);
            Console.WriteLine(FormattableString.Invariant($"{times[times.Length / 2]} {times[times.Length / 10]} {cpu.TotalSeconds / times.Length} {allocated}"));
        }
    }
}
