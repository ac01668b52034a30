using System.Globalization;

namespace GmailCluster.Cli.Display;

/// <summary>Durations, rates and sizes as people read them.</summary>
internal static class Figures
{
    /// <summary>"0.4 s", "45 s", "1 min 25 s", "2 h 05 min".</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 9.95 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        { TotalSeconds: < 59.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        { TotalMinutes: < 60 } when Math.Round(time.TotalSeconds) is var s and < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)s / 60} min {(int)s % 60:00} s"),
        _ when Math.Round(time.TotalMinutes) is var m => string.Create(CultureInfo.InvariantCulture, $"{(long)m / 60} h {(long)m % 60:00} min"),
        _ => "",
    };

    /// <summary>"4.5 images/s", "0.08 steps/s", "1200 images/s".</summary>
    public static string Rate(double perSecond, string unit) => perSecond switch
    {
        >= 99.5 => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0} {unit}/s"),
        >= 0.095 => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.0} {unit}/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.000} {unit}/s"),
    };

    /// <summary>"312 B", "1.2 MB": powers of 1000, as disks are sold.</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB", "PB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 999.5 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1000, unit + 1);
        }

        return unit == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} B")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(value, value >= 99.5 ? 0 : 1)} {units[unit]}");
    }

    /// <summary>"5,732,082".</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
