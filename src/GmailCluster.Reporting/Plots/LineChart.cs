using GmailCluster.Reporting.Report;
using GmailCluster.Reporting.Tables;

namespace GmailCluster.Reporting.Plots;

/// <summary>One panel of lines, marks and bands over a linear or logarithmic axis.</summary>
internal sealed class LineChart
{
    private const double Left = 46;
    private const double Top = 12;

    public required string Alt { get; init; }

    public required string XLabel { get; init; }

    public string YLabel { get; init; } = "";

    /// <summary>For panels that share a row with one other, not two: wider, the writing as large.</summary>
    public bool Wide { get; init; }

    private double Width => Wide ? 520 : 360;

    private double Height => Wide ? 290 : 250;

    private double Right => Width - 10;

    private double Bottom => Height - 40;

    public bool LogX { get; init; }

    public bool LogY { get; init; }

    /// <summary>Ticks on x where they are the data's own; null lets the axis choose.</summary>
    public IReadOnlyList<(double At, string Text)>? XTicks { get; init; }

    public required IReadOnlyList<Series> Lines { get; init; }

    public Html Draw()
    {
        var x = new Axis(Lines.SelectMany(line => line.Points).Select(point => point.X), Left, Right, LogX, XTicks is null ? 0.02 : 0.06);
        var y = new Axis(Lines.SelectMany(line => line.Points).SelectMany(point => new[] { point.Y - point.Error, point.Y + point.Error })
            .Concat(Lines.SelectMany(line => line.Fit).Select(point => point.Y)), Bottom, Top, LogY);
        var content = new Html();
        content.Add($"{Grid(x, y)}");
        foreach (var line in Lines)
        {
            content.Add($"<g data-series=\"{line.Colour}\">{Band(line, x, y)}{Stroke(line, x, y)}</g>");
        }

        return Svg.Picture(Width, Height, Alt, content);
    }

    private Html Grid(Axis x, Axis y)
    {
        var grid = new Html();
        foreach (var tick in y.Ticks)
        {
            grid.Add($"{Svg.Line(Left, y.Pixel(tick), Right, y.Pixel(tick), "grid")}{Svg.Text(Left - 6, y.Pixel(tick) + 3.5, Figures.Short(tick), "end")}");
        }

        foreach (var (at, text) in XTicks ?? [.. x.Ticks.Select(tick => (tick, Figures.Short(tick)))])
        {
            grid.Add($"{Svg.Line(x.Pixel(at), Bottom, x.Pixel(at), Bottom + 4, "axis")}{Svg.Text(x.Pixel(at), Bottom + 17, text)}");
        }

        grid.Add($"{Svg.Line(Left, Bottom, Right, Bottom, "axis")}{Svg.Text((Left + Right) / 2, Height - 7, XLabel, css: "label")}");
        return YLabel.Length == 0 ? grid : grid.Add($"<text transform=\"translate(11 {Svg.N((Top + Bottom) / 2)}) rotate(-90)\" text-anchor=\"middle\" class=\"label\">{YLabel}</text>");
    }

    private Html? Band(Series line, Axis x, Axis y)
    {
        if (line.Band.Count == 0)
        {
            return null;
        }

        // A band of few points is wider than the data: cut it at the frame.
        double Cut(double value) => Math.Clamp(double.IsFinite(value) ? y.Pixel(Math.Clamp(value, y.Low, y.High)) : Top, Top, Bottom);
        var outline = line.Band.Select(point => (x.Pixel(point.X), Cut(point.High)))
            .Concat(line.Band.Reverse().Select(point => (x.Pixel(point.X), Cut(point.Low))));
        return Svg.Path(outline, $"band f-{line.Colour}");
    }

    private static Html Stroke(Series line, Axis x, Axis y)
    {
        var html = new Html();
        if (line.Faint.Count > 1)
        {
            html.Add($"{Svg.Path(line.Faint.Select(point => (x.Pixel(point.X), y.Pixel(point.Y))), $"line faint s-{line.Colour}")}");
        }

        if (line.Fit.Count > 1)
        {
            html.Add($"{Svg.Path(line.Fit.Select(point => (x.Pixel(point.X), y.Pixel(point.Y))), $"line s-{line.Colour}", line.Dash)}");
        }
        else if (line.Points.Count > 1)
        {
            html.Add($"{Svg.Path(line.Points.Select(point => (x.Pixel(point.X), y.Pixel(point.Y))), $"line s-{line.Colour}", line.Dash)}");
        }

        foreach (var point in line.Marked ? line.Points : [])
        {
            if (point.Error > 0)
            {
                html.Add($"{Svg.Line(x.Pixel(point.X), y.Pixel(point.Y - point.Error), x.Pixel(point.X), y.Pixel(point.Y + point.Error), $"whisker s-{line.Colour}")}");
            }

            html.Add($"{Svg.Marker(x.Pixel(point.X), y.Pixel(point.Y), line.Colour, 4, point.Tip)}");
        }

        return html;
    }
}
