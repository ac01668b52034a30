using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Doctor;

/// <summary>Whether a folder can be the object store: files are made, renamed and removed there, and the disk has room.</summary>
internal static class StoreCheck
{
    /// <summary>Below this even the samples do not fit.</summary>
    public const long LeastFreeBytes = 2_000_000_000;

    /// <summary>Tries <paramref name="folder"/>, and leaves it as it was.</summary>
    public static IEnumerable<Finding> Run(string folder)
    {
        var full = Path.GetFullPath(folder);
        var rights = Rights(full);
        yield return rights;
        if (rights.Remedy is null)
        {
            var free = new DriveInfo(Existing(full)).AvailableFreeSpace;
            yield return new Finding("disk", $"{Figures.Size(free)} free at {full}", free < LeastFreeBytes ? "Free some, or name another folder with --store." : null);
        }
    }

    private static Finding Rights(string full)
    {
        var made = new Stack<string>();
        try
        {
            for (var missing = full; !Directory.Exists(missing); missing = Path.GetDirectoryName(missing)!)
            {
                made.Push(missing);
            }

            Directory.CreateDirectory(full);
            var probe = Path.Combine(full, $".doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "x");
            File.Move(probe, $"{probe}.moved", overwrite: true);
            File.Delete($"{probe}.moved");
            return new Finding("store", $"{full} can be written");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Finding("store", $"{full} cannot be written: {e.Message}", "Give yourself the right to write there, or name another folder with --store.");
        }
        finally
        {
            foreach (var folder in made.Reverse().Where(Directory.Exists))
            {
                Directory.Delete(folder);
            }
        }
    }

    private static string Existing(string folder) => Directory.Exists(folder) ? folder : Existing(Path.GetDirectoryName(folder)!);
}
