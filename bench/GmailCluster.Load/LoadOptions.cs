using System.Globalization;
using GmailCluster.Errors;

namespace GmailCluster.Load;

/// <summary>How much is asked of a cluster at once.</summary>
/// <param name="Experiments">Submitted at the same moment.</param>
/// <param name="Clients">Who submit them, each with a token of its own, and look at theirs until they have ended.</param>
/// <param name="Watchers">Who follow an experiment's live events each.</param>
/// <param name="Silos">Processes with one slot each.</param>
/// <param name="Kills">Silos killed on the way; none takes their place.</param>
internal sealed record LoadOptions(int Experiments, int Clients, int Watchers, int Silos, int Kills)
{
    private const string Usage = "Usage: run [--experiments 50] [--clients 10] [--watchers 100] [--silos 3] [--kills 2]";

    public static LoadOptions Parse(string[] args)
    {
        var given = new Dictionary<string, int>(StringComparer.Ordinal) { ["--experiments"] = 50, ["--clients"] = 10, ["--watchers"] = 100, ["--silos"] = 3, ["--kills"] = 2 };
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !given.ContainsKey(args[i]) || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                throw new InputException(args[i], "is not known, or has no number.", Usage);
            }

            given[args[i]] = value;
        }

        return given["--kills"] < given["--silos"]
            ? new LoadOptions(given["--experiments"], given["--clients"], given["--watchers"], given["--silos"], given["--kills"])
            : throw new InputException("--kills", "leaves no silo.", Usage);
    }
}
