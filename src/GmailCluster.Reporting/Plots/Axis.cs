namespace GmailCluster.Reporting.Plots;

/// <summary>Maps numbers to pixels, linearly or by logarithm, with ticks at round numbers.</summary>
internal sealed class Axis
{
    private readonly double _low;
    private readonly double _high;
    private readonly double _from;
    private readonly double _to;
    private readonly bool _log;

    /// <param name="values">Everything that must fit; at least one finite number.</param>
    /// <param name="from">Pixel of the low end.</param>
    /// <param name="to">Pixel of the high end.</param>
    /// <param name="log">Logarithmic; all values are positive.</param>
    /// <param name="margin">Free space at both ends, as a part of the range.</param>
    /// <param name="ticks">About how many ticks.</param>
    public Axis(IEnumerable<double> values, double from, double to, bool log = false, double margin = 0.05, int ticks = 5)
    {
        double[] usable = [.. values.Where(value => double.IsFinite(value) && (!log || value > 0))];
        (_log, _from, _to) = (log, from, to);
        var (low, high) = usable.Length == 0 ? (log ? 1 : 0, 1) : (Forward(usable.Min()), Forward(usable.Max()));
        if (high - low < 1e-12)
        {
            var room = log ? 0.3 : Math.Max(Math.Abs(low) * 0.1, 1e-3);
            (low, high) = (low - room, high + room);
        }

        (_low, _high) = (low - (margin * (high - low)), high + (margin * (high - low)));
        Ticks = log ? LogTicks() : LinearTicks(_low, _high, ticks);
    }

    /// <summary>Where to write numbers.</summary>
    public IReadOnlyList<double> Ticks { get; }

    public double Low => Backward(_low);

    public double High => Backward(_high);

    public double Pixel(double value) => _from + ((Forward(value) - _low) / (_high - _low) * (_to - _from));

    /// <summary>A number at a share of the range, 0 to 1.</summary>
    public double At(double share) => Backward(_low + (share * (_high - _low)));

    private double Forward(double value) => _log ? Math.Log10(value) : value;

    private double Backward(double value) => _log ? Math.Pow(10, value) : value;

    private static double[] LinearTicks(double low, double high, int count)
    {
        var rough = (high - low) / count;
        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = magnitude * new[] { 1, 2, 2.5, 5, 10 }.First(factor => factor * magnitude >= rough * 0.999);
        var first = (long)Math.Ceiling(low / step);
        var last = (long)Math.Floor(high / step);
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
    }

    private double[] LogTicks()
    {
        var decades = Enumerable.Range((int)Math.Floor(_low), (int)Math.Ceiling(_high) - (int)Math.Floor(_low) + 1).ToArray();
        foreach (var factors in new double[][] { [1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 8] })
        {
            double[] ticks = [.. decades.SelectMany(decade => factors.Select(factor => factor * Math.Pow(10, decade)))
                .Where(tick => Forward(tick) >= _low && Forward(tick) <= _high)];
            if (ticks.Length >= 3)
            {
                return ticks;
            }
        }

        return LinearTicks(Backward(_low), Backward(_high), 3);
    }
}
