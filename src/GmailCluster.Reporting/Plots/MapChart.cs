using GmailCluster.Reporting.Report;
using GmailCluster.Results;

namespace GmailCluster.Reporting.Plots;

/// <summary>Real and generated pictures in the plane, at one moment. Charts of one map share their axes.</summary>
internal static class MapChart
{
    private const double Width = 520;
    private const double Height = 420;

    public static Html Draw(EmbeddingMap map, MapKind kind, string alt)
    {
        var x = new Axis(map.Points.Select(point => point.X), 8, Width - 8, margin: 0.04);
        var y = new Axis(map.Points.Select(point => point.Y), Height - 8, 8, margin: 0.04);
        var colour = kind == MapKind.Generated ? "naive" : "gmail";
        var content = Html.Of($"<rect x=\"1\" y=\"1\" width=\"{Svg.N(Width - 2)}\" height=\"{Svg.N(Height - 2)}\" rx=\"8\" class=\"frame\"/>");
        foreach (var (shown, css) in new[] { (kind, colour), (MapKind.Real, "real") })
        {
            content.Add($"<g data-series=\"{css}\">");
            foreach (var point in map.Points.Where(point => point.Kind == shown))
            {
                content.Add($"<circle cx=\"{Svg.N(x.Pixel(point.X))}\" cy=\"{Svg.N(y.Pixel(point.Y))}\" r=\"3\" class=\"dot f-{css}\"><title>{point.Id}</title></circle>");
            }

            content.Add($"</g>");
        }

        var (real, generated) = (Centre(map, MapKind.Real), Centre(map, kind));
        content.Add($"{Svg.Line(x.Pixel(real.X), y.Pixel(real.Y), x.Pixel(generated.X), y.Pixel(generated.Y), "bridge")}");
        content.Add($"{Cross(x.Pixel(real.X), y.Pixel(real.Y), "real")}{Cross(x.Pixel(generated.X), y.Pixel(generated.Y), colour)}");
        return Svg.Picture(Width, Height, alt, content);
    }

    /// <summary>Distance of the two kinds' centres, in the plane.</summary>
    public static double CentreDistance(EmbeddingMap map, MapKind kind)
    {
        var (a, b) = (Centre(map, MapKind.Real), Centre(map, kind));
        return double.Hypot(a.X - b.X, a.Y - b.Y);
    }

    private static (double X, double Y) Centre(EmbeddingMap map, MapKind kind)
    {
        var points = map.Points.Where(point => point.Kind == kind).ToArray();
        return (points.Average(point => point.X), points.Average(point => point.Y));
    }

    private static Html Cross(double x, double y, string colour) => Html.Of(
        $"<g class=\"centre\"><circle cx=\"{Svg.N(x)}\" cy=\"{Svg.N(y)}\" r=\"9\" class=\"halo\"/><path d=\"M{Svg.N(x - 6)} {Svg.N(y)}H{Svg.N(x + 6)}M{Svg.N(x)} {Svg.N(y - 6)}V{Svg.N(y + 6)}\" class=\"cross s-{colour}\"/></g>");
}
