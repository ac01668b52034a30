namespace GmailCluster.Host.Local;

/// <summary>Programs of this machine.</summary>
internal static class Programs
{
    /// <summary>Full path of a program on the PATH; null when there is none.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
