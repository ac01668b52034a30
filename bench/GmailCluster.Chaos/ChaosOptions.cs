using System.Globalization;
using GmailCluster.Errors;

namespace GmailCluster.Chaos;

/// <summary>What is to be struck, and how often.</summary>
/// <param name="Kills">Silos to kill in all.</param>
/// <param name="Every">Time between strikes, on average.</param>
/// <param name="Silos">How many silos the passes have, in turns.</param>
/// <param name="Seed">Of the schedule.</param>
/// <param name="Spec">What is run.</param>
/// <param name="Log">Where each strike, plan and recovery is written, a JSON object a line.</param>
internal sealed record ChaosOptions(int Kills, TimeSpan Every, IReadOnlyList<int> Silos, ulong Seed, string Spec, string Log)
{
    public const string Usage = "Usage: run --kills N --every SECONDS [--silos 1,2,3,5] [--seed X] [--spec FILE] [--log FILE]";

    public static ChaosOptions Parse(string[] args, string spec)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || args[i] is not ("--kills" or "--every" or "--silos" or "--seed" or "--spec" or "--log"))
            {
                throw new InputException(args[i], "is not known, or has no value.", Usage);
            }

            given[args[i]] = args[i + 1];
        }

        return new ChaosOptions(
            Value("--kills", null, text => int.Parse(text, CultureInfo.InvariantCulture)),
            TimeSpan.FromSeconds(Value("--every", null, text => double.Parse(text, CultureInfo.InvariantCulture))),
            Value("--silos", "1,2,3,5", text => text.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray()),
            Value("--seed", "1", text => ulong.Parse(text, CultureInfo.InvariantCulture)),
            Path.GetFullPath(given.GetValueOrDefault("--spec", spec)),
            Path.GetFullPath(given.GetValueOrDefault("--log", "chaos.jsonl")));

        T Value<T>(string name, string? usual, Func<string, T> parse)
        {
            try
            {
                return parse(given.GetValueOrDefault(name) ?? usual ?? throw new InputException(name, "is missing.", Usage));
            }
            catch (FormatException e)
            {
                throw new InputException(name, $"'{given[name]}' is not a number.", Usage, e);
            }
        }
    }
}
