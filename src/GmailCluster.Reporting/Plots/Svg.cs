using System.Globalization;
using GmailCluster.Reporting.Report;

namespace GmailCluster.Reporting.Plots;

/// <summary>The small things all plots are drawn with. Colours are classes of the style sheet, so that plots follow light and dark.</summary>
internal static class Svg
{
    /// <summary>A picture with a text for those who cannot see it.</summary>
    public static Html Picture(double width, double height, string alt, Html content) => Html.Of(
        $"<svg viewBox=\"0 0 {N(width)} {N(height)}\" role=\"img\" aria-label=\"{alt}\" preserveAspectRatio=\"xMidYMid meet\">{content}</svg>");

    /// <summary>Pixels with one decimal: smaller differences cannot be seen.</summary>
    public static string N(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);

    public static Html Text(double x, double y, string text, string anchor = "middle", string css = "tick") =>
        Html.Of($"<text x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\" class=\"{css}\">{text}</text>");

    public static Html Line(double x1, double y1, double x2, double y2, string css) =>
        Html.Of($"<line x1=\"{N(x1)}\" y1=\"{N(y1)}\" x2=\"{N(x2)}\" y2=\"{N(y2)}\" class=\"{css}\"/>");

    public static Html Path(IEnumerable<(double X, double Y)> points, string css, string dash = "")
    {
        var data = string.Concat(points.Select((point, i) => $"{(i == 0 ? 'M' : 'L')}{N(point.X)} {N(point.Y)}"));
        return dash.Length == 0 ? Html.Of($"<path d=\"{data}\" class=\"{css}\"/>") : Html.Of($"<path d=\"{data}\" class=\"{css}\" stroke-dasharray=\"{dash}\"/>");
    }

    /// <summary>A mark whose shape tells arms apart where colours do not.</summary>
    public static Html Marker(double x, double y, string colour, double size = 4, string title = "")
    {
        var tip = title.Length == 0 ? null : Html.Of($"<title>{title}</title>");
        var (s, d) = (size * 0.88, size * 1.25);
        return colour switch
        {
            "naive" => Html.Of($"<rect x=\"{N(x - s)}\" y=\"{N(y - s)}\" width=\"{N(2 * s)}\" height=\"{N(2 * s)}\" class=\"f-{colour} mark\">{tip}</rect>"),
            "mixed" => Html.Of($"<path d=\"M{N(x)} {N(y - d)}L{N(x + d)} {N(y)}L{N(x)} {N(y + d)}L{N(x - d)} {N(y)}Z\" class=\"f-{colour} mark\">{tip}</path>"),
            "both" => Html.Of($"<path d=\"M{N(x)} {N(y - d)}L{N(x + d)} {N(y + (0.8 * d))}L{N(x - d)} {N(y + (0.8 * d))}Z\" class=\"f-{colour} mark\">{tip}</path>"),
            "real" => Html.Of($"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(size * 0.85)}\" class=\"hollow s-{colour}\">{tip}</circle>"),
            _ => Html.Of($"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(size)}\" class=\"f-{colour} mark\">{tip}</circle>"),
        };
    }

    /// <summary>The same mark for a legend in the text.</summary>
    public static Html Key(string colour) =>
        Html.Of($"<svg class=\"key\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">{Marker(7, 7, colour, 4.6)}</svg>");
}
