using System.Diagnostics;

namespace GmailCluster.Cli.Tests;

/// <summary>The <c>./gmailcluster</c> script, with a stand-in for <c>dotnet</c> that notes what it is asked.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-launcher-").FullName;

    public LauncherTests()
    {
        foreach (var file in new[] { "src/GmailCluster.Cli/Program.cs", "build/Torch.targets", "global.json", "BannedSymbols.txt", ".editorconfig", "Directory.Build.props" })
        {
            Write(file, "old", executable: false);
            File.SetLastWriteTimeUtc(Path.Combine(_folder, file), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        File.Copy(RepositoryRoot.At("gmailcluster"), Path.Combine(_folder, "gmailcluster"));
        Write(
            "bin/dotnet",
            """
            #!/usr/bin/env bash
            echo "$@" >>"$CALLS"
            if [ "$1" = build ]; then
              [ -z "${BROKEN:-}" ] || { echo "error CS1002: ; expected"; exit 1; }
              mkdir -p "$2/bin/Release/net10.0" && touch "$2/bin/Release/net10.0/gmailcluster.dll"
            else
              echo "ran in $PWD: ${*:2}"
              exit 7
            fi
            """,
            executable: true);
    }

    private string Calls => File.Exists(Path.Combine(_folder, "calls")) ? File.ReadAllText(Path.Combine(_folder, "calls")).Replace(_folder, "ROOT", StringComparison.Ordinal) : "";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_builds_once_and_hands_over_arguments_folder_and_exit_code()
    {
        var first = Launch("validate", "a b.yaml");
        var second = Launch("--help");

        Assert.Equal((7, "ran in /tmp: validate a b.yaml\n", ""), first);
        Assert.Equal((7, "ran in /tmp: --help\n", ""), second);
        Assert.Equal(
            """
            build ROOT/src/GmailCluster.Cli -c Release -p:Device=cpu --nologo -v quiet -clp:NoSummary
            ROOT/src/GmailCluster.Cli/bin/Release/net10.0/gmailcluster.dll validate a b.yaml
            ROOT/src/GmailCluster.Cli/bin/Release/net10.0/gmailcluster.dll --help

            """,
            Calls);
    }

    [Fact]
    public void A_newer_source_is_built_again()
    {
        Launch("--help");
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "src/GmailCluster.Cli/Program.cs"), TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1));

        Launch("--help");

        Assert.Equal(2, Calls.Split('\n').Count(line => line.StartsWith("build", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_failed_build_is_shown_and_nothing_runs()
    {
        var (exitCode, output, error) = Launch(["--help"], ("BROKEN", "1"));

        Assert.Equal((1, "", "error CS1002: ; expected\ngmailcluster: the build failed, see above.\n"), (exitCode, output, error));
        Assert.DoesNotContain("gmailcluster.dll", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_device_is_another_build()
    {
        Launch("--help");
        Launch(["--help"], ("GMAILCLUSTER_DEVICE", "cuda"));
        Launch("--help");

        Assert.Equal(
            ["-p:Device=cpu", "-p:Device=cuda", "-p:Device=cpu"],
            Calls.Split('\n').Where(line => line.StartsWith("build", StringComparison.Ordinal)).Select(line => line.Split(' ')[4]));
    }

    [Fact]
    public void A_symbolic_link_to_it_works()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), Path.Combine(_folder, "gmailcluster"));

        Assert.Equal(7, Run(Path.Combine(_folder, "link"), ["--help"]).ExitCode);
    }

    private (int ExitCode, string Out, string Error) Launch(params string[] args) => Launch(args, []);

    private (int ExitCode, string Out, string Error) Launch(string[] args, params (string Name, string Value)[] environment) =>
        Run(Path.Combine(_folder, "gmailcluster"), args, environment);

    private (int ExitCode, string Out, string Error) Run(string script, string[] args, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(script, args) { WorkingDirectory = "/tmp", RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{_folder}/bin:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["CALLS"] = Path.Combine(_folder, "calls");
        start.Environment.Remove("GMAILCLUSTER_DEVICE");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEnd(), process.StandardError.ReadToEnd());
        process.WaitForExit();
        return (process.ExitCode, output, error);
    }

    private void Write(string name, string text, bool executable)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        if (executable && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
