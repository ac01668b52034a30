using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>
/// Azurite, Microsoft's emulator of blob storage, on a free port with its data in memory. <c>./test</c> installs it. It ends with this
/// process, however that ends.
/// </summary>
internal sealed partial class Azurite
{
    public const string Account = "devstoreaccount1";

    // Not a secret: the emulator's documented key.
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    // When our end of its standard input closes it exits.
    private const string Launcher = "process.stdin.resume();process.stdin.on('end',()=>process.exit(0));process.argv.splice(1,0,'azurite');require(process.env.AZURITE_MAIN)";
    private static readonly Lazy<Azurite> Running = new(() => new Azurite([], null));
    private readonly Process _process;

    private Azurite(IReadOnlyList<string> options, string? accounts)
    {
        var main = Path.Combine(Root(AppContext.BaseDirectory), "artifacts", "tools", "node_modules", "azurite", "dist", "src", "blob", "main.js");
        Assert.True(File.Exists(main), $"{main} is not there: run ./test once, which installs Azurite.");
        string[] arguments =
        [
            "-e", Launcher, "--", "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck",
            .. options,
        ];
        var start = new ProcessStartInfo("node", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, Environment = { ["AZURITE_MAIN"] = main } };
        if (accounts is not null)
        {
            start.Environment["AZURITE_ACCOUNTS"] = accounts;
        }

        _process = Process.Start(start)!;
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (Listens().Match(line) is { Success: true } match)
            {
                Port = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                return; // silent from here on: the pipe never fills
            }
        }

        Assert.Fail("Azurite ended before it listened.");
    }

    /// <summary>The one that all tests of this process share; each uses names of its own.</summary>
    public static Azurite Shared => Running.Value;

    public int Port { get; }

    /// <summary>Another one, with more options.</summary>
    public static Azurite Start(params string[] options) => new(options, null);

    /// <summary>Another one, with an account of its own instead of the documented one.</summary>
    /// <param name="account">Its name.</param>
    /// <param name="key">Its key, in base 64.</param>
    public static Azurite StartWith(string account, string key) => new([], $"{account}:{key}");

    /// <summary>A connection string for it, or for a proxy before it.</summary>
    public static string ConnectionString(int port, string account = Account, string key = Key) => string.Create(
        CultureInfo.InvariantCulture, $"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/{account};");

    /// <summary>The URL of a new, empty container.</summary>
    public async Task<string> NewStore(CancellationToken cancellationToken)
    {
        var name = $"c{Guid.NewGuid():n}";
        await new BlobServiceClient(ConnectionString(Port)).CreateBlobContainerAsync(name, cancellationToken: cancellationToken);
        return $"azure://{Account}/{name}";
    }

    public void Stop()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string Root(string folder) => File.Exists(Path.Combine(folder, "GmailCluster.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);

    [GeneratedRegex("listens on https?://127.0.0.1:([0-9]+)")]
    private static partial Regex Listens();
}
