using System.CommandLine;
using System.Globalization;

namespace GmailCluster.Cli.Verbs;

/// <summary>An option that is a whole number from 1 up.</summary>
internal static class CountOption
{
    /// <summary>A new option; null where the user does not give it.</summary>
    public static Option<int?> Create(string name, string description, int largest)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : null;
            if (text is not null && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1 || count > largest))
            {
                result.AddError($"{name} is {text}, outside 1..{largest}.");
            }
        });
        return option;
    }
}
