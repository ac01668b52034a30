namespace GmailCluster.Reporting.Plots;

/// <summary>What one line of a chart shows.</summary>
internal sealed record Series
{
    /// <summary>The name of its colour in the style sheet.</summary>
    public required string Colour { get; init; }

    /// <summary>The data, in the order of x.</summary>
    public required IReadOnlyList<DataPoint> Points { get; init; }

    /// <summary>The data before smoothing, drawn faintly behind.</summary>
    public IReadOnlyList<DataPoint> Faint { get; init; } = [];

    /// <summary>A fitted curve, drawn instead of a line through the points.</summary>
    public IReadOnlyList<DataPoint> Fit { get; init; } = [];

    /// <summary>The fitted curve's confidence band.</summary>
    public IReadOnlyList<(double X, double Low, double High)> Band { get; init; } = [];

    /// <summary>Draw a mark at each point.</summary>
    public bool Marked { get; init; }

    /// <summary>An SVG dash pattern, or empty.</summary>
    public string Dash { get; init; } = "";
}

/// <summary>A point, with the half length of its error bar and what a pointer over it reads.</summary>
internal readonly record struct DataPoint(double X, double Y, double Error = 0, string Tip = "");
