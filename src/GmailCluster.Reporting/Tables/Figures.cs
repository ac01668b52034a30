using System.Globalization;

namespace GmailCluster.Reporting.Tables;

/// <summary>Numbers as people read them, the same in every culture.</summary>
internal static class Figures
{
    public static string Fixed(double value, int decimals)
    {
        var text = value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return text.TrimStart('-').All(character => character is '0' or '.') ? text.TrimStart('-') : text;
    }

    /// <summary>With its sign, as a difference.</summary>
    public static string Signed(double value, int decimals)
    {
        var text = Fixed(Math.Abs(value), decimals);
        return text.All(character => character is '0' or '.') ? text : (value < 0 ? "−" : "+") + text;
    }

    /// <summary>Decimals that suit numbers of this size: three for shares of one, one for percentages.</summary>
    public static int DecimalsFor(IEnumerable<double> values) => values.Select(Math.Abs).DefaultIfEmpty(0).Max() < 2 ? 3 : 1;

    /// <summary>About three significant digits, without an exponent where people would write none.</summary>
    public static string Short(double value)
    {
        var size = Math.Abs(value);
        return size is 0 ? "0"
            : size < 1e-3 || size >= 1e6 ? value.ToString("0.##e+0", CultureInfo.InvariantCulture)
            : value.ToString(size >= 100 ? "#,0" : size >= 10 ? "0.#" : size >= 1 ? "0.##" : size >= 0.1 ? "0.###" : "0.####", CultureInfo.InvariantCulture);
    }

    public static string Duration(double seconds) => seconds switch
    {
        < 0.095 => $"{Short(Math.Round(seconds, 3))} s",
        < 9.95 => $"{Fixed(seconds, 1)} s",
        < 99.5 => $"{Fixed(seconds, 0)} s",
        < 5970 => $"{(int)(seconds / 60)} min {(int)(seconds % 60)} s",
        _ => $"{(int)(seconds / 3600)} h {(int)(seconds % 3600 / 60)} min",
    };

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => $"{Fixed(bytes / 1024.0, 1)} KiB",
        < 1024L * 1024 * 1024 => $"{Fixed(bytes / 1048576.0, 1)} MiB",
        _ => $"{Fixed(bytes / 1073741824.0, 2)} GiB",
    };
}
