using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Azure.Storage.Blobs;
using GmailCluster.Cli.Tests.Clusters;
using GmailCluster.Cli.Tests.Telemetry;
using GmailCluster.Data.Tests.Storage;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.Secrets;

/// <summary>A cluster that is given every secret there is works, and fails, without telling any of them.</summary>
public sealed class SecretsTests : IDisposable
{
    private const string Account = "labstore";

    private readonly SecretSearch _search = new();
    private readonly TinyExperiment _experiment = new TinyExperiment("caption: { steps: 2, batch_size: 4 }")
        .With("arms: [naive, gmail+real]", "arms: [gmail]").With("limit: 48", "limit: 24");

    private readonly string _mounted = Directory.CreateTempSubdirectory("gmailcluster-secrets-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _experiment.Dispose();
        Directory.Delete(_mounted, recursive: true);
    }

    [Fact]
    public async Task No_secret_is_in_logs_exports_journal_report_store_or_messages()
    {
        // Keys are base 64: with the characters that URLs and JSON write otherwise.
        var key = _search.Add("account key", Convert.ToBase64String("the>?key>?of>?the>?lab's>?own>?account>?0123456789abcdefghijklm"u8));
        var clusterSecret = _search.Add("cluster secret", "only-the-silos-know-this-42+/");
        var password = _search.Add("Redis password", "the-password-of-redis-77");
        var header = _search.Add("telemetry header", "the-token-of-the-collector-99");
        await File.WriteAllTextAsync(At("secret"), clusterSecret, Token);
        var azurite = Azurite.StartWith(Account, key);
        await using var redis = await LocalRedis.Start(password);
        await using var receiver = new OtlpReceiver();
        var connection = Azurite.ConnectionString(azurite.Port, Account, key);
        await File.WriteAllTextAsync(At("connection"), connection, Token);
        var container = new BlobServiceClient(connection).GetBlobContainerClient("lab");
        await container.CreateAsync(cancellationToken: Token);
        var environment = new Dictionary<string, string>
        {
            ["GMAILCLUSTER_STORE"] = $"azure://{Account}/lab/team",
            ["AZURE_STORAGE_CONNECTION_STRING"] = "",
            ["GMAILCLUSTER_STORE_CONNECTION_FILE"] = At("connection"),
            ["GMAILCLUSTER_REDIS"] = redis.Options,
            ["GMAILCLUSTER_SECRET_FILE"] = At("secret"),
            ["GMAILCLUSTER_CACHE"] = Path.Combine(_experiment.Folder, "cache"),
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_HEADERS"] = $"authorization=Bearer {header}",
        };
        var talkative = new Dictionary<string, string>(environment) { ["GMAILCLUSTER_DEBUG"] = "1", ["GMAILCLUSTER_STORE_CONNECTION_FILE"] = "", ["AZURE_STORAGE_CONNECTION_STRING"] = connection };
        var health = FreePort().ToString(CultureInfo.InvariantCulture);

        using (var first = CommandProcess.StartWith(_experiment.Folder, environment, "silo", "--slots", "1", "--health-port", health))
        using (var second = CommandProcess.StartWith(_experiment.Folder, talkative, "silo", "--slots", "1"))
        {
            await first.Line(line => line.StartsWith("Silo ", StringComparison.Ordinal));
            await second.Line(line => line.StartsWith("Silo ", StringComparison.Ordinal));
            Assert.Equal(0, (await Told("submit", talkative, "submit", "tiny.yaml", "--watch")).ExitCode);
            Assert.Equal(0, (await Told("results", environment, "results", "tiny", "--html", "report.html")).ExitCode);
            Assert.Equal(0, (await Told("doctor", environment, "doctor")).ExitCode);
            await Task.WhenAll(
                Told("status", environment, "status", "--json"), Told("status of one", environment, "status", "tiny"), Told("logs", environment, "logs", "tiny", "--json"),
                Told("inspect", environment, "inspect", $"azure://{Account}/lab/team"));
            using var http = new HttpClient();
            _search.In("metrics", await http.GetStringAsync(new Uri($"http://127.0.0.1:{health}/metrics"), Token));
            _search.In("readiness", await http.GetStringAsync(new Uri($"http://127.0.0.1:{health}/readyz"), Token));
            await Failures(environment, azurite.Port, redis);
            await Api(talkative);
            first.Terminate();
            second.Terminate();
            Search("first silo", await first.End());
            Search("second silo", await second.End());
        }

        foreach (var body in receiver.Bodies)
        {
            _search.In("telemetry", body);
        }

        await foreach (var blob in container.GetBlobsAsync(cancellationToken: Token))
        {
            _search.In($"blob {blob.Name}", (await container.GetBlobClient(blob.Name).DownloadContentAsync(Token)).Value.Content.ToArray());
        }

        foreach (var file in Directory.EnumerateFiles(_experiment.Folder, "*", SearchOption.AllDirectories))
        {
            _search.In(file, await File.ReadAllBytesAsync(file, Token));
        }

        azurite.Stop();
        Assert.Empty(_search.Found);
        Assert.True(receiver is { Spans.Count: > 100, Points.Count: > 10, Logs.Count: > 10 });
        Assert.InRange(_search.SearchedBytes, 10_000_000, long.MaxValue);
    }

    [Fact]
    public void A_search_finds_what_it_is_to_find()
    {
        _search.Add("a key", "ab+/cd==");

        _search.In("text", "x ab+/cd== y");
        _search.In("URL", "?k=ab%2B%2Fcd%3D%3D");
        _search.In("JSON", "{\"k\":\"ab\\u002B/cd==\"}");
        _search.In("header", "Basic YWIrL2NkPT0=");
        _search.In("nowhere", "ab cd");

        Assert.Equal(["JSON", "URL", "header", "text"], _search.Found.Select(found => found.Split(" in ")[1].Split(',')[0]).Order(StringComparer.Ordinal));
    }

    // With a token that is let in and one that is not.
    private async Task Api(Dictionary<string, string> environment)
    {
        const string announcement = "The API and the dashboard are at ";
        var made = await CommandProcess.Run(_mounted, "api", "token", "ann", "--scope", "write");
        var token = _search.Add("API token", made.Error.Trim());
        await File.WriteAllTextAsync(At("tokens"), made.Out, Token);
        await File.WriteAllTextAsync(At("token"), token, Token);
        await File.WriteAllTextAsync(At("wrong-token"), _search.Add("wrong API token", "a-token-of-nobody-0123456789abcdefghijklmnop"), Token);
        using var api = CommandProcess.StartWith(_experiment.Folder, environment, "api", "--listen", "127.0.0.1:0", "--tokens-file", At("tokens"));
        var address = (await api.Line(line => line.StartsWith(announcement, StringComparison.Ordinal)))[announcement.Length..].Split(' ')[0];
        await api.Line(line => line.Contains("Connected to cluster", StringComparison.Ordinal));
        var through = new Dictionary<string, string> { ["GMAILCLUSTER_API"] = address, ["GMAILCLUSTER_API_TOKEN_FILE"] = At("token"), ["GMAILCLUSTER_DEBUG"] = "1" };
        var refused = new Dictionary<string, string>(through) { ["GMAILCLUSTER_API_TOKEN_FILE"] = At("wrong-token") };

        Assert.Equal(0, (await Told("status through the API", through, "status", "tiny")).ExitCode);
        Assert.Equal(0, (await Told("submit through the API", through, "submit", "tiny.yaml")).ExitCode);
        Assert.Equal(2, (await Told("wrong token", refused, "status")).ExitCode);
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        foreach (var page in new[] { "", "openapi.json", "metrics", "readyz", "api/experiments" })
        {
            _search.In($"page {page}", await (await http.GetAsync(new Uri(page, UriKind.Relative), Token)).Content.ReadAsStringAsync(Token));
        }

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var page in new[] { "api/experiments", "api/cluster", "api/cluster/silos", "api/session" })
        {
            _search.In($"page {page}", await http.GetStringAsync(new Uri(page, UriKind.Relative), Token));
        }

        api.Terminate();
        Search("API", await api.End());
    }

    // Where errors are put together, with stack traces: what was mistyped is nearly the secret.
    private async Task Failures(Dictionary<string, string> environment, int azurite, LocalRedis redis)
    {
        var wrongKey = _search.Add("wrong account key", Convert.ToBase64String("wrong>?key>?of>?the>?lab's>?own>?account>?0123456789abcdefghijklm"u8));
        var wrongPassword = _search.Add("wrong Redis password", "not-the-password-of-redis-78");
        var signature = _search.Add("signature", "sigsigsigsig12345sigsigsig");
        var shortSecret = _search.Add("short secret", "only-14-chars!");
        await File.WriteAllTextAsync(At("short"), shortSecret, Token);
        var nobody = FreePort().ToString(CultureInfo.InvariantCulture);
        var cases = new Dictionary<string, (string[] Args, (string Name, string Value)[] Environment)>
        {
            ["wrong key, doctor"] = (["doctor"], [Connection(Azurite.ConnectionString(azurite, Account, wrongKey))]),
            ["wrong key, status"] = (["status"], [Connection(Azurite.ConnectionString(azurite, Account, wrongKey))]),
            ["wrong key, silo"] = (["silo"], [Connection(Azurite.ConnectionString(azurite, Account, wrongKey))]),
            ["unreachable account"] = (["run", "tiny.yaml"], [Connection(Azurite.ConnectionString(int.Parse(nobody, CultureInfo.InvariantCulture), Account, wrongKey))]),
            ["malformed string"] = (["status"], [Connection($"AccountName={Account};AccountKey={wrongKey};Nonsense")]),
            ["key that is no base 64"] = (["status"], [Connection($"AccountName={Account};AccountKey={signature}!;BlobEndpoint=http://127.0.0.1:{nobody}/{Account}")]),
            ["signature in the string"] = (["status"], [Connection($"BlobEndpoint=http://127.0.0.1:{nobody}/{Account};SharedAccessSignature=sv=2024&sig={signature}")]),
            ["signature in the URL"] = (["status", "--store", $"azure://{Account}/lab?sig={signature}"], []),
            ["wrong password, doctor"] = (["doctor"], [("GMAILCLUSTER_REDIS", $"{redis.Address},password={wrongPassword}")]),
            ["wrong password, submit"] = (["submit", "tiny.yaml"], [("GMAILCLUSTER_REDIS", $"{redis.Address},password={wrongPassword}")]),
            ["password before the address"] = (["submit", "tiny.yaml", "--redis", $"password={wrongPassword},{redis.Address}"], []),
            ["Redis nowhere"] = (["submit", "tiny.yaml", "--redis", $"127.0.0.1:{nobody},password={wrongPassword}"], []),
            ["Redis as a URL"] = (["submit", "tiny.yaml", "--redis", $"redis://lab:{wrongPassword}@{redis.Address}/0"], []),
            ["Redis with a wrong option"] = (["doctor", "--redis", $"{redis.Address},ssl={wrongPassword}"], []),
            ["short secret"] = (["silo", "--secret-file", At("short")], []),
        };
        foreach (var (name, (args, changed)) in cases)
        {
            var changedEnvironment = new Dictionary<string, string>(environment) { ["GMAILCLUSTER_DEBUG"] = "1" };
            foreach (var (variable, value) in changed)
            {
                changedEnvironment[variable] = value;
                changedEnvironment["GMAILCLUSTER_STORE_CONNECTION_FILE"] = variable == "AZURE_STORAGE_CONNECTION_STRING" ? "" : changedEnvironment["GMAILCLUSTER_STORE_CONNECTION_FILE"];
            }

            var run = await Told(name, changedEnvironment, args);
            Assert.True(run.ExitCode is 1 or 2, $"{name}: {run.ExitCode} {run.Out} {run.Error}");
            Assert.DoesNotContain("This should not have happened", run.Error, StringComparison.Ordinal);
        }

        static (string, string) Connection(string text) => ("AZURE_STORAGE_CONNECTION_STRING", text);
    }

    private async Task<CliRun> Told(string place, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        using var process = CommandProcess.StartWith(_experiment.Folder, environment, args);
        var run = await process.End();
        Search(place, run);
        return run;
    }

    private void Search(string place, CliRun run)
    {
        _search.In($"{place}, output", run.Out);
        _search.In($"{place}, error", run.Error);
    }

    private string At(string name) => Path.Combine(_mounted, name);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
