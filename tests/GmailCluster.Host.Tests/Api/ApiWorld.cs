using System.Net.Http.Headers;
using GmailCluster.Host.Api;
using GmailCluster.Host.Roles;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Tests.Api;

/// <summary>A silo, an API with tokens before it, and an experiment that was submitted through the API and has come to its end.</summary>
public sealed class ApiWorld : IAsyncLifetime
{
    /// <summary>What must show as text wherever it shows.</summary>
    public const string Hostile = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TinyExperiment _experiment = new("caption: { steps: 6, batch_size: 8 }\nretrieve: { steps: 2, batch_size: 8 }");
    private SiloRole? _silo;
    private ApiRole? _api;

    /// <summary>Where the API is.</summary>
    public Uri Address => _api!.Address;

    public string WriteToken { get; private set; } = "";

    public string ReadToken { get; private set; } = "";

    public string TokensFile => Path.Combine(_experiment.Folder, "tokens");

    /// <summary>The experiment's id.</summary>
    public string Id { get; private set; } = "";

    public IReadOnlyList<Stage> Stages { get; private set; } = [];

    public string Folder => _experiment.Folder;

    internal TinyExperiment Experiment => _experiment;

    public IObjectStore Store => _experiment.Store;

    public async ValueTask InitializeAsync()
    {
        // The captions to generate for are a user's own; one of them would run a script in a page that is not careful.
        var captions = (await File.ReadAllLinesAsync(Path.Combine(TinyExperiment.Emoji, "captions.jsonl"))).Where(line => line.Contains("\"validation\"", StringComparison.Ordinal)).Take(23).ToList();
        captions.Insert(0, System.Text.Json.JsonSerializer.Serialize(new { id = "hostile", caption = Hostile, split = "validation" }));
        await File.WriteAllLinesAsync(Path.Combine(_experiment.Folder, "captions.jsonl"), captions);
        _experiment.With($"path: {TinyExperiment.Emoji}/captions.jsonl", "path: captions.jsonl").With("splits: [validation, test-compositional]", "splits: [validation]");

        var (write, read) = (ApiToken.Create("ann", ApiScope.Write), ApiToken.Create("rob", ApiScope.Read));
        (WriteToken, ReadToken) = (write.Secret, read.Secret);
        await File.WriteAllLinesAsync(TokensFile, ["# who may come in", write.Line, read.Line]);
        await File.WriteAllTextAsync(Path.Combine(_experiment.Folder, "token"), write.Secret);
        _silo = await SiloRole.Start(
            new SiloOptions { Store = _experiment.StorePath, Slots = 2, CacheFolder = Path.Combine(_experiment.Folder, "cache") }, LogLevel.Error, TimeProvider.System, CancellationToken.None);
        await new ClusterRecord(new ClusterAddress(ClusterAddress.DefaultClusterId, null, [_silo.Gateway]), Environment.ProcessId, TimeProvider.System.GetUtcNow()).Write(Store, CancellationToken.None);
        _api = await ApiRole.Start(
            new ApiOptions { Store = _experiment.StorePath, Listen = "127.0.0.1:0", TokensFile = TokensFile, CacheFolder = Path.Combine(_experiment.Folder, "api"), MaxInputMib = 64 },
            LogLevel.Error, TimeProvider.System, CancellationToken.None);
        using var client = Client();
        using var limit = new CancellationTokenSource(Limit);
        Id = await client.Submit(SpecReader.Read(_experiment.SpecPath), _ => { }, limit.Token);
        await foreach (var status in client.Watch(Id, limit.Token))
        {
            Assert.False(status.Phase is StagePhase.Failed, status.Failure?.Message);
        }

        Stages = await client.Stages(Id, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_api is not null)
        {
            await _api.DisposeAsync();
        }

        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }

        _experiment.Dispose();
    }

    /// <summary>A client as the command line has it, that may write.</summary>
    public ApiClient Client() => ApiClient.Open(Address.ToString(), Path.Combine(_experiment.Folder, "token"), TimeProvider.System);

    /// <summary>A plain client with this token.</summary>
    public HttpClient Http(string? token)
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    public Stage Stage(StageKind kind) => Stages.First(stage => stage.Kind == kind);
}

/// <summary>Tests that share the world: they look at the experiment and leave it as it is.</summary>
[CollectionDefinition(nameof(ApiCollection))]
public sealed class ApiCollection : ICollectionFixture<ApiWorld>;
