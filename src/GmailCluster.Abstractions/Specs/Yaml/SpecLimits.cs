using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using GmailCluster.Specs.Schema;

namespace GmailCluster.Specs.Yaml;

/// <summary>The limits that attributes on the records state, as sentences.</summary>
internal static class SpecLimits
{
    /// <summary>What is wrong with a value, or null.</summary>
    /// <param name="key">The key with its limits.</param>
    /// <param name="value">The value as bound.</param>
    /// <param name="usual">The default, named in the remedy when it is itself within the limits.</param>
    public static (string Problem, string Remedy)? Check(SpecKey key, object value, object? usual)
    {
        foreach (var limit in key.Limits)
        {
            if (Broken(limit, value) is { } problem)
            {
                var isUsual = usual is not null && key.Limits.All(other => Broken(other, usual) is null);
                return (problem, isUsual ? $"Set a value such as {Show(usual!)}." : Remedy(limit));
            }
        }

        return null;
    }

    /// <summary>A number or text as YAML has it.</summary>
    public static string Show(object value) => value switch
    {
        double number => Show(number),
        bool flag => flag ? "true" : "false",
        Enum word => SpecWords.Of(word.GetType(), word.ToString()),
        string text => text,
        IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(Show))}]",
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    // 1e-06 and 1e+06 as people write them in YAML: 1e-6 and 1000000.
    private static string Show(double number) => Math.Abs(number) is 0 or (>= 1e-3 and < 1e15)
        ? number.ToString("0.################", CultureInfo.InvariantCulture)
        : number.ToString("0.################e-0", CultureInfo.InvariantCulture);

    /// <summary>"1..4096", or "above 0, at most 10" for a range without its minimum.</summary>
    public static string Show(RangeAttribute range) => range.MinimumIsExclusive
        ? $"above {Show(range.Minimum)}, at most {Show(range.Maximum)}"
        : $"{Show(range.Minimum)}..{Show(range.Maximum)}";

    private static string? Broken(ValidationAttribute limit, object value) => limit switch
    {
        RangeAttribute range => range.IsValid(value)
            ? null
            : range.MinimumIsExclusive ? $"is {Show(value)}, not {Show(range)}." : $"is {Show(value)}, outside {Show(range)}.",
        MinLengthAttribute length => length.IsValid(value) ? null : "is empty.",
        RegularExpressionAttribute pattern => pattern.IsValid(value) && value is not "" ? null : $"is '{value}', which does not match {pattern.Pattern}.",
        _ => throw new InvalidOperationException($"The spec reader does not know the limit {limit.GetType().Name}."),
    };

    private static string Remedy(ValidationAttribute limit) => limit switch
    {
        RangeAttribute => "Set a value in the range, or leave the key out.",
        RegularExpressionAttribute pattern => pattern.ErrorMessage ?? "Write it in this form.",
        _ => "Name at least one.",
    };
}
