using System.Diagnostics;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>A file system of a few megabytes, mounted over a folder of its own. Needs root, or sudo without a password.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string[] _asRoot = Environment.IsPrivilegedProcess ? [] : ["sudo", "-n"];

    public SmallDisk(string size)
    {
        var owner = Environment.IsPrivilegedProcess ? "" : $",uid={Output("id", "-u")},gid={Output("id", "-g")}";
        Mount("-t", "tmpfs", "-o", $"size={size}{owner}", "gmailcluster-test", Path);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("gmailcluster-disk-").FullName;

    /// <summary>Makes room.</summary>
    public void Grow(string size) => Mount("-o", $"remount,size={size}", Path);

    public void Dispose()
    {
        Execute("umount", Path);
        Directory.Delete(Path);
    }

    private void Mount(params string[] args)
    {
        var (exitCode, output) = Execute("mount", args);
        Assert.True(exitCode == 0, $"A full disk cannot be tried without mounting a small one, as root or with a sudo that asks for no password: {output}");
    }

    private (int ExitCode, string Output) Execute(string command, params string[] args)
    {
        string[] line = [.. _asRoot, command, .. args];
        using var process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }

    private static string Output(string command, string argument)
    {
        using var process = Process.Start(new ProcessStartInfo(command, [argument]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }
}
