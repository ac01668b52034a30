using System.Globalization;

namespace GmailCluster.Chaos;

/// <summary>The results, in Markdown.</summary>
internal static class ChaosTables
{
    public static void Print(IReadOnlyList<PassResult> passes, TextWriter output)
    {
        output.WriteLine("| silos | passes | kills | hangs | drains | joins | all lost, resumed | steps lost | recoveries | equal weights |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var group in passes.GroupBy(pass => pass.Silos.ToString(CultureInfo.InvariantCulture)).Append(new All(passes)))
        {
            var failed = group.Count(pass => pass.Problems.Count > 0);
            output.WriteLine(Row(
                group.Key, group.Count(), group.Sum(pass => pass.Kills), group.Sum(pass => pass.Hangs), group.Sum(pass => pass.Drains), group.Sum(pass => pass.Joins),
                group.Sum(pass => pass.Resumes), group.Sum(pass => pass.StepsLost), group.Sum(pass => pass.Recoveries.Count), failed == 0 ? "yes" : $"no: {failed} passes"));
        }

        output.WriteLine();
        output.WriteLine("Seconds from the loss of a silo with ranks to the next committed step:");
        output.WriteLine();
        output.WriteLine("| silos | after | recoveries | p50 | p90 | p99 | max | steps lost, at most |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        var all = passes.SelectMany(pass => pass.Recoveries.Select(recovery => (Silos: pass.Silos.ToString(CultureInfo.InvariantCulture), After: Words(recovery), Recovery: recovery))).ToArray();
        foreach (var group in all.Concat(all.Select(one => one with { Silos = "all" })).GroupBy(one => (one.Silos, one.After)).OrderBy(group => group.Key))
        {
            var seconds = group.Select(one => one.Recovery.Seconds).Order().ToArray();
            output.WriteLine(Row(
                group.Key.Silos, group.Key.After, seconds.Length, Quantile(seconds, 0.5), Quantile(seconds, 0.9), Quantile(seconds, 0.99), Quantile(seconds, 1),
                group.Max(one => one.Recovery.StepsLost)));
        }
    }

    // The smallest value that this part of them does not exceed.
    internal static string Quantile(double[] ordered, double part) =>
        ordered[int.Max((int)Math.Ceiling(part * ordered.Length) - 1, 0)].ToString("0.00", CultureInfo.InvariantCulture);

    private static string Words(Recovery recovery) => recovery switch
    {
        { Cause: "all" } => "the loss of all, until another had started",
        { Cause: "hang" } => "a hang",
        { HadOwner: true } => "a kill, with the run's owner",
        _ => "a kill",
    };

    private static string Row(params object[] cells) =>
        $"| {string.Join(" | ", cells.Select(cell => Convert.ToString(cell, CultureInfo.InvariantCulture)))} |";

    private sealed class All(IEnumerable<PassResult> passes) : List<PassResult>(passes), IGrouping<string, PassResult>
    {
        public string Key => "all";
    }
}
