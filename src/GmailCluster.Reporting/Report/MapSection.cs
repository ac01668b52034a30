using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;

namespace GmailCluster.Reporting.Report;

/// <summary>Embeddings in the plane, before alignment and after, on the same axes.</summary>
internal static class MapSection
{
    public static Html? Render(ExperimentResults results)
    {
        if (results.Map is not { } map || !map.Points.Any(point => point.Kind == MapKind.Real))
        {
            return null;
        }

        (MapKind Kind, string Title, string Seen)[] moments =
            [(MapKind.Generated, "Before alignment", "generated, through CLIP"), (MapKind.GeneratedAligned, "After alignment", "generated, through Gen-CLIP")];
        var shown = moments.Where(moment => map.Points.Any(point => point.Kind == moment.Kind)).ToArray();
        if (shown.Length == 0)
        {
            return null;
        }

        var share = map.Explained.Count == 0 ? "" : $" They hold {Figures.Fixed(100 * map.Explained.Sum(), 0)} % of the variance; the rest is not seen here.";
        var html = Html.Of($"""
            <p>Held-out pictures on the two principal axes of CLIP’s embeddings, fitted once and shared by both pictures.{share} Crosses are the centres. Seed {map.Seed}.</p>
            {Legend.Of([("real", "real"), ("naive", "generated, before"), ("gmail", "generated, after")])}
            <div class="panels wide">
            """);
        foreach (var (kind, title, seen) in shown)
        {
            var distance = Figures.Short(MapChart.CentreDistance(map, kind));
            var count = map.Points.Count(point => point.Kind == kind);
            html.AddLine($"<figure class=\"card\"><h3>{title} <span>{seen}</span></h3>{MapChart.Draw(map, kind, $"{title}: {count} generated and {map.Points.Count(point => point.Kind == MapKind.Real)} real pictures; their centres are {distance} apart")}<figcaption>Centres {distance} apart in this plane.</figcaption></figure>");
        }

        return html.AddLine($"</div>");
    }
}
