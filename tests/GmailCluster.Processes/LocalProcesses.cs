using System.Diagnostics;
using System.Globalization;

namespace GmailCluster.Processes;

/// <summary>Processes that a command started, as /proc tells of them.</summary>
internal static class LocalProcesses
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Children of a process, and their children.</summary>
    public static IReadOnlyList<Process> Under(int parent)
    {
        var parents = Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)
            .Select(id => (Id: id, Parent: ParentOf(id)))
            .ToLookup(pair => pair.Parent, pair => pair.Id);
        return [.. Below(parent).Select(Find).OfType<Process>()];

        IEnumerable<int> Below(int id) => parents[id].SelectMany(child => Below(child).Prepend(child));
    }

    /// <summary>The silos among them, in order of their ids.</summary>
    public static IReadOnlyList<Process> Silos(int parent) =>
        [.. Under(parent).Where(process => CommandLine(process.Id).Contains("\0silo\0", StringComparison.Ordinal)).OrderBy(process => process.Id)];

    /// <summary>Waits until every one has ended.</summary>
    public static async Task AllEnded(IEnumerable<Process> processes)
    {
        foreach (var process in processes)
        {
            await process.WaitForExitAsync().WaitAsync(Limit, TimeProvider.System);
        }
    }

    public static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static int ParentOf(int id)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null; // it has ended meanwhile
        }
    }
}
