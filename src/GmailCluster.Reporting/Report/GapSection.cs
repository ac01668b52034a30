using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>How far generated images lie from real ones, before alignment and after.</summary>
internal static class GapSection
{
    private static readonly (string Name, string Means, double Ideal, Func<GapFigures, double> Value)[] Rows =
    [
        ("CMMD", "distance of the distributions", 0, figures => figures.Cmmd),
        ("Fréchet distance", "of the two Gaussians", 0, figures => figures.Frechet),
        ("Centroid distance", "between the mean embeddings", 0, figures => figures.CentroidDistance),
        ("Paired cosine", "generated and real of one caption", 1, figures => figures.PairedCosine),
        ("Generated → real R@1", "nearest real picture is the right one", 1, figures => figures.GeneratedToRealRecallAt1),
        ("Linear separability", "held-out accuracy of telling them apart", 0.5, figures => figures.LinearSeparability),
    ];

    public static Html? Render(ExperimentResults results)
    {
        if (results.Gap.Count == 0)
        {
            return null;
        }

        var html = Html.Of($"<p>Embeddings of generated images against those of the real pictures of the same captions: before, through CLIP; after, through Gen-CLIP.</p>\n");
        foreach (var part in results.Gap.GroupBy(gap => (gap.Preset, gap.Dataset)).OrderBy(part => part.Key.Preset).ThenBy(part => part.Key.Dataset, StringComparer.Ordinal))
        {
            html.AddLine($"{Table(part.Key.Preset, part.Key.Dataset, [.. part])}");
        }

        return html;
    }

    /// <summary>Mean CMMD before and after, of the first preset; null when either is missing.</summary>
    public static (double Before, double After)? Change(ExperimentResults results)
    {
        var preset = results.Gap.Select(gap => (AlignPreset?)gap.Preset).Min();
        var measured = results.Gap.Where(gap => gap.Preset == preset).ToLookup(gap => gap.When, gap => gap.Figures.Cmmd);
        return measured[GapMoment.Before].Any() && measured[GapMoment.After].Any()
            ? (measured[GapMoment.Before].Average(), measured[GapMoment.After].Average())
            : null;
    }

    private static Html Table(AlignPreset preset, string? dataset, IReadOnlyList<GapMeasurement> measured)
    {
        var body = new Html();
        var (closer, wider) = (0, 0);
        foreach (var (name, means, ideal, value) in Rows)
        {
            var before = Mean(measured, GapMoment.Before, value);
            var after = Mean(measured, GapMoment.After, value);
            Html? change = null;
            if (before is { } was && after is { } now)
            {
                var gain = Math.Abs(was.Mean - ideal) - Math.Abs(now.Mean - ideal);
                closer += gain > 0 ? 1 : 0;
                wider += gain < 0 ? 1 : 0;
                change = Html.Of($"{Figures.Signed(now.Mean - was.Mean, 3)} <span class=\"chip{(gain > 0 ? " good" : gain < 0 ? " bad" : "")}\">{(gain > 0 ? "closer" : gain < 0 ? "wider" : "same")}</span>");
            }

            body.Add($"<tr><th scope=\"row\">{name} <small class=\"soft\">{means}</small></th><td>{Text(before)}</td><td>{Text(after)}</td><td>{change}</td><td class=\"soft\">{Figures.Short(ideal)}</td></tr>");
        }

        var set = dataset is null ? "" : $", {dataset}";
        return Html.Of($"""
            <div class="card"><h3>Preset {SpecWords.Of(preset)}{set} <span>{Verdict(closer, wider)}</span></h3><div class="scroll" tabindex="0" role="region" aria-label="Modality gap, preset {SpecWords.Of(preset)}{set}"><table class="wraps"><caption class="hidden">Modality gap, preset {SpecWords.Of(preset)}{set}</caption>
            <thead><tr><th scope="col" class="text">Figure</th><th scope="col">before</th><th scope="col">after</th><th scope="col">change</th><th scope="col">no gap</th></tr></thead><tbody>{body}</tbody></table></div>{Remark(preset, closer, wider)}</div>
            """);
    }

    private static string Verdict(int closer, int wider) =>
        wider == 0 && closer > 0 ? "closer by every figure" : closer == 0 && wider > 0 ? "wider by every figure" : $"closer by {closer}, wider by {wider}";

    private static Html? Remark(AlignPreset preset, int closer, int wider) => preset == AlignPreset.Paper && wider > 0 && closer > 0
        ? Html.Of($"<p class=\"note\">The paper’s loss pairs each generated image with its real picture and asks nothing of the distributions: pairs come closer while the two kinds may drift apart as a whole. Tasks can gain all the same.</p>")
        : null;

    private static MeanSpread? Mean(IReadOnlyList<GapMeasurement> measured, GapMoment when, Func<GapFigures, double> value)
    {
        double[] values = [.. measured.Where(gap => gap.When == when).Select(gap => value(gap.Figures))];
        return values.Length == 0 ? null : MeanSpread.Of(values);
    }

    private static Html Text(MeanSpread? value) => value is not { } known ? Html.Of($"–")
        : known.Spread is { } spread && spread >= 0.0005 ? Html.Of($"{Figures.Fixed(known.Mean, 3)} <small>± {Figures.Fixed(spread, 3)}</small>")
        : Html.Of($"{Figures.Fixed(known.Mean, 3)}");
}
