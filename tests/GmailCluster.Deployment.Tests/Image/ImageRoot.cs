using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using GmailCluster.Deployment.Tests.Image;
using GmailCluster.Deployment.Tests.Processes;

[assembly: AssemblyFixture(typeof(ImageRoot))]

namespace GmailCluster.Deployment.Tests.Image;

/// <summary>
/// The CPU image as the Dockerfile describes it, without a container engine: a minimal Debian with what RUN does, the published
/// command where COPY puts it, run by bubblewrap as USER with ENV, a read-only root and no capability.
/// </summary>
public sealed class ImageRoot : IAsyncLifetime
{
    private const string Target = "cpu";
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static readonly string[] Elevate = Environment.IsPrivilegedProcess ? [] : ["sudo", "-n"];

    private readonly Dockerfile _dockerfile = Dockerfile.Read(RepositoryRoot.At("Dockerfile"));
    private string _root = "";
    private string _app = "";

    public async ValueTask InitializeAsync()
    {
        foreach (var program in new[] { "debootstrap", "bwrap" })
        {
            Assert.True(
                Environment.GetEnvironmentVariable("PATH")!.Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, program))),
                $"'{program}' is missing. ./test installs it; by hand: apt-get install debootstrap bubblewrap.");
        }

        await BuildRoot();
        await Publish();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Runs the image's entry point to its end.</summary>
    internal Task<Command> Run(IEnumerable<string> arguments, params (string From, string To)[] writable) =>
        RunProgram([.. Dockerfile.Words(_dockerfile.Last(Target, "ENTRYPOINT")), .. arguments], writable);

    /// <summary>Runs another program of the image to its end.</summary>
    internal Task<Command> RunProgram(IEnumerable<string> program, params (string From, string To)[] writable) => RunProgram(program, [], writable);

    /// <summary>The same with more environment.</summary>
    internal Task<Command> RunProgram(IEnumerable<string> program, IEnumerable<KeyValuePair<string, string>> environment, params (string From, string To)[] writable)
    {
        var line = Confine(program, environment, writable);
        return Command.Run(line[0], line[1..]);
    }

    /// <summary>Starts the image's entry point; the caller ends it.</summary>
    internal Process Start(IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment, params (string From, string To)[] writable)
    {
        var line = Confine([.. Dockerfile.Words(_dockerfile.Last(Target, "ENTRYPOINT")), .. arguments], environment, writable);
        return Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    }

    /// <summary>Sends a signal to what <see cref="Start"/> started: sudo and bwrap stand between.</summary>
    internal static async Task Signal(Process started, string signal)
    {
        var last = $"{started.Id}";
        while ((await File.ReadAllTextAsync($"/proc/{last}/task/{last}/children")).Trim() is { Length: > 0 } child)
        {
            last = child;
        }

        var line = (string[])[.. Elevate, "kill", $"-{signal}", last];
        _ = (await Command.Run(line[0], line[1..])).Text;
    }

    private async Task BuildRoot()
    {
        var image = _dockerfile.BaseImage(Target);
        Assert.StartsWith("debian:", image, StringComparison.Ordinal);
        var commands = _dockerfile.Instructions(Target).Where(instruction => instruction.Verb is "RUN").Select(run => run.Text).ToList();
        var build = RepositoryRoot.At("tests", "GmailCluster.Deployment.Tests", "Image", "build-root");
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{image}\n{string.Join('\n', commands)}\n{await File.ReadAllTextAsync(build)}")))[..16];
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        _root = Path.Combine(cache, "gmailcluster", $"root-{key}");
        var suite = image["debian:".Length..].Replace("-slim", "", StringComparison.Ordinal);
        var line = (string[])[.. Elevate, build, _root, suite, .. commands];
        _ = (await Command.Run(line[0], line[1..], limit: TimeSpan.FromMinutes(4))).Text;
    }

    // The stage's own publish command, of what the tests were built from instead of a fresh build.
    private async Task Publish()
    {
        var copies = _dockerfile.Instructions(Target).Where(instruction => instruction.Verb is "COPY").Select(copy => copy.Text.Split(' ')).ToList();
        var from = Assert.Single(copies, copy => copy[^1] is "/app" && copy[0].StartsWith("--from=", StringComparison.Ordinal))[0]["--from=".Length..];
        var words = _dockerfile.Last(from, "RUN").Split(' ').SkipWhile(word => word != "dotnet").ToList();
        _app = RepositoryRoot.At("artifacts", "image", Configuration, "app");
        words[words.IndexOf("-c") + 1] = Configuration;
        words[words.IndexOf("-o") + 1] = _app;
        _ = (await Command.Run(words[0], words[1..].Concat(["--no-build", "--nologo", "-v", "quiet"]), limit: TimeSpan.FromMinutes(3))).Text;
        foreach (var copy in copies.Where(copy => copy[^1] is "/app/"))
        {
            foreach (var file in copy[..^1])
            {
                File.Copy(RepositoryRoot.At(file), Path.Combine(_app, file), overwrite: true);
            }
        }
    }

    private string[] Confine(IEnumerable<string> program, IEnumerable<KeyValuePair<string, string>> environment, (string From, string To)[] writable)
    {
        var user = _dockerfile.Last(Target, "USER").Split(':');
        var volumes = _dockerfile.Instructions(Target).Where(instruction => instruction.Verb is "VOLUME").SelectMany(volume => Dockerfile.Words(volume.Text));
        var variables = _dockerfile.Environment(Target).Append(new("PATH", "/usr/local/bin:/usr/bin:/bin")).Concat(environment);
        var dotnet = Path.GetDirectoryName(Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..")))!;
        // In a process namespace of its own, so that all ends with bwrap: a change of user forgets --die-with-parent.
        return
        [
            .. Elevate, "bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-add", "ALL",
            "--ro-bind", _root, "/", "--proc", "/proc", "--dev", "/dev", "--ro-bind", "/etc/hosts", "/etc/hosts", "--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf",
            // What aspnet:10.0 has below /usr/share/dotnet: no SDK.
            "--tmpfs", "/usr/share/dotnet",
            .. new[] { "dotnet", "host", "shared" }.SelectMany(part => new[] { "--ro-bind", Path.Combine(dotnet, part), $"/usr/share/dotnet/{part}" }),
            "--remount-ro", "/usr/share/dotnet",
            "--ro-bind", _app, "/app",
            .. volumes.SelectMany(volume => new[] { "--perms", "1777", "--tmpfs", volume }),
            .. writable.SelectMany(bind => new[] { "--bind", bind.From, bind.To }),
            "--chdir", _dockerfile.Last(Target, "WORKDIR"),
            "--clearenv", .. variables.SelectMany(variable => new[] { "--setenv", variable.Key, variable.Value }),
            "--", "setpriv", $"--reuid={user[0]}", $"--regid={user[1]}", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--",
            .. program,
        ];
    }
}
