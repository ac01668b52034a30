using System.CommandLine;

namespace GmailCluster.Cli.Verbs;

/// <summary>The --slots option: how many ranks compute at once.</summary>
internal static class SlotsOption
{
    /// <summary>A new option; one belongs to one verb.</summary>
    public static Option<int> Create()
    {
        var option = new Option<int>("--slots")
        {
            Description = "Compute slots: pieces of work that run at once, one thread each. Changes the time, never the result. Default: the number of cores.",
            HelpName = "N",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, out var slots) || slots is < 1 or > 1024))
            {
                result.AddError($"--slots is {result.Tokens[0].Value}, outside 1..1024. Set a number such as {Environment.ProcessorCount}.");
            }
        });
        return option;
    }
}
