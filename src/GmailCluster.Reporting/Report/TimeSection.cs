using System.Globalization;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>Where the time went: by kind of stage, and each stage on demand.</summary>
internal static class TimeSection
{
    public static Html? Render(ExperimentResults results)
    {
        if (results.Stages.Count == 0)
        {
            return null;
        }

        var kinds = results.Stages.GroupBy(stage => stage.Name).ToArray();
        var total = results.Stages.Sum(stage => stage.Seconds);
        var cached = results.Stages.Count(stage => stage.Cached);
        var bar = Html.Join(kinds.Where(kind => total > 0 && kind.Sum(stage => stage.Seconds) / total > 0.002)
            .Select(kind => Html.Of($"<span class=\"h{Array.IndexOf(kinds, kind) % 8}\" style=\"flex:{kind.Sum(stage => stage.Seconds).ToString("0.###", CultureInfo.InvariantCulture)}\" title=\"{Measure.TaskName(kind.Key)}: {Figures.Duration(kind.Sum(stage => stage.Seconds))}\"></span>")));
        var body = Html.Join(kinds.Select((kind, i) => Html.Of(
            $"<tr><th scope=\"row\"><span class=\"swatch h{i % 8}\" aria-hidden=\"true\"></span>{Measure.TaskName(kind.Key)}</th><td>{kind.Count()}</td><td>{(kind.Count(stage => stage.Cached) is > 0 and var hits ? hits.ToString(CultureInfo.InvariantCulture) : "–")}</td><td>{Figures.Duration(kind.Sum(stage => stage.Seconds))}</td><td>{Rate([.. kind])}</td></tr>")));
        var note = cached > 0 ? $" {cached} of {results.Stages.Count} stages were made by an earlier run and only looked up." : "";
        return Html.Of($"""
            <p>{Figures.Duration(total)} of stage time in this run; stages may have run side by side.{note}</p>
            <div class="card"><div class="bar" aria-hidden="true">{bar}</div>
            <div class="scroll" tabindex="0" role="region" aria-label="Time by kind of stage"><table><caption class="hidden">Time by kind of stage</caption><thead><tr><th scope="col" class="text">Stage</th><th scope="col">runs</th><th scope="col">cached</th><th scope="col">time</th><th scope="col">throughput</th></tr></thead><tbody>{body}</tbody></table></div>
            <details><summary>All {results.Stages.Count} stages</summary><div class="scroll" tabindex="0" role="region" aria-label="All stages"><table><caption class="hidden">All stages</caption><thead><tr><th scope="col" class="text">Stage</th><th scope="col" class="text">Arm</th><th scope="col">seed</th><th scope="col" class="text">data</th><th scope="col">time</th><th scope="col">throughput</th></tr></thead><tbody>{Html.Join(results.Stages.Select(Row))}</tbody></table></div></details></div>

            """);
    }

    private static Html Row(StageTiming stage) => Html.Of(
        $"<tr><th scope=\"row\">{Measure.TaskName(stage.Name)}</th><td class=\"text\">{(stage.Arm is { } arm ? SpecWords.Of(arm) : "–")}</td><td>{stage.Seed?.ToString(CultureInfo.InvariantCulture) ?? "–"}</td><td class=\"text\">{Sweep.Text(stage.Sweep)}</td><td>{(stage.Cached ? "cached" : Figures.Duration(stage.Seconds))}</td><td>{Rate([stage])}</td></tr>");

    private static string Rate(IReadOnlyList<StageTiming> stages)
    {
        var counted = stages.Where(stage => stage is { Cached: false, ItemsPerSecond: not null }).ToArray();
        if (counted.Length == 0)
        {
            return "–";
        }

        // All items over all seconds; stages that took no measurable time would divide by nothing.
        var seconds = counted.Sum(stage => stage.Seconds);
        var rate = seconds > 0 ? counted.Sum(stage => stage.ItemsPerSecond!.Value * stage.Seconds) / seconds : counted.Average(stage => stage.ItemsPerSecond!.Value);
        return $"{Figures.Short(rate)} {counted[0].Unit ?? "items"}/s";
    }
}
