using GmailCluster.Bench;
using GmailCluster.Bench.Cases;
using GmailCluster.Bench.Exchange;
using GmailCluster.Learning.Compute;

// Usage: GmailCluster.Bench [--slots N] [--only TEXT] [--cpu-time]
// Prints name, unit and rate of every case of bench/models/cases.json, tab-separated, as bench/models/reference.py does for PyTorch.
// Usage: GmailCluster.Bench exchange ADDRESS
// A process of bench/exchange/compare, which listens at the address.
// Usage: GmailCluster.Bench overlap ADDRESS
// A process of bench/overlap/compare, which listens at the address.
if (args is ["exchange", var exchanging])
{
    await ExchangeMemberBench.Run(exchanging);
    return;
}

if (args is ["overlap", var overlapping])
{
    await OverlapMemberBench.Run(overlapping);
    return;
}

var slots = int.Parse(Option("--slots") ?? "1", System.Globalization.CultureInfo.InvariantCulture);
var only = Option("--only") ?? "";
await using var pool = new ComputePool(slots);
foreach (var item in BenchCase.ReadAll().Where(item => item.Name.Contains(only, StringComparison.Ordinal) || item.Kind.Contains(only, StringComparison.Ordinal)))
{
    using var workload = Workload.Of(item, pool);
    var rate = await Timing.Rate(workload, TimeSpan.FromSeconds(item.Seconds), args.Contains("--cpu-time"));
    Console.WriteLine(FormattableString.Invariant($"{item.Name}\t{workload.Unit}\t{rate}"));
}

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
