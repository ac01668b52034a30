using System.Diagnostics;
using GmailCluster.Bench.Cases;

namespace GmailCluster.Bench;

/// <summary>The same way of timing as bench/reference/timing.py: steps for some seconds, then the median step.</summary>
internal static class Timing
{
    private const int WarmUpSteps = 2;
    private const int LeastSteps = 3;

    /// <summary>Items a second of the median step.</summary>
    /// <param name="workload">What to time.</param>
    /// <param name="time">For how long.</param>
    /// <param name="isCpuTime">Whether the process's time on all cores counts instead of the clock.</param>
    public static async Task<double> Rate(Workload workload, TimeSpan time, bool isCpuTime)
    {
        TimeSpan Now() => isCpuTime ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);
        for (var i = 0; i < WarmUpSteps; i++)
        {
            await workload.Step();
        }

        var times = new List<double>();
        var begin = Now();
        while (times.Count < LeastSteps || Now() - begin < time)
        {
            var start = Now();
            await workload.Step();
            times.Add((Now() - start).TotalSeconds);
        }

        times.Sort();
        var middle = times.Count / 2;
        var median = times.Count % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
        return workload.ItemsPerStep / median;
    }
}
