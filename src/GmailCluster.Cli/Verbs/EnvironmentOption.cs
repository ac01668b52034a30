using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace GmailCluster.Cli.Verbs;

/// <summary>Options that an environment variable can set as well, for containers; the option wins.</summary>
internal static class EnvironmentOption
{
    /// <summary>Words; null where neither says any and there is no default.</summary>
    public static Option<string?> Text(string name, string variable, string help, string description, string? otherwise = null) => new(name)
    {
        Description = $"{description} Default: ${variable}, else {otherwise ?? "none"}.",
        HelpName = help,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : otherwise,
    };

    /// <summary>A whole number; null where neither says one and there is no default.</summary>
    public static Option<int?> Number(string name, string variable, string description, int least, int most, int? otherwise = null)
    {
        var option = new Option<int?>(name)
        {
            Description = $"{description} Default: ${variable}, else {otherwise?.ToString(CultureInfo.InvariantCulture) ?? "none"}.",
            HelpName = "N",
            DefaultValueFactory = result => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? Parse(result, variable, value, least, most) : otherwise,
            CustomParser = result => Parse(result, name, result.Tokens[0].Value, least, most),
        };
        return option;
    }

    private static int? Parse(ArgumentResult result, string name, string text, int least, int most)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        result.AddError($"{name} is {text}, outside {least}..{most}.");
        return null;
    }
}
