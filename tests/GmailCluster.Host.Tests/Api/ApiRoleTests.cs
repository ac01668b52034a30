using System.Net;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Host.Api;
using GmailCluster.Host.Experiments;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Tests.Api;

/// <summary>How the API starts, and what it does without a cluster.</summary>
public sealed class ApiRoleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    [InlineData("192.0.2.1:8080")]
    public async Task Beyond_loopback_it_does_not_listen_without_tokens(string listen)
    {
        var error = await Assert.ThrowsAsync<InputException>(() => Start(listen));

        Assert.Equal(2, error.ExitCode);
        Assert.StartsWith("--tokens-file: is missing, and ", error.Message, StringComparison.Ordinal);
        Assert.Contains("gmailcluster api token NAME", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ann write", "is no line of a tokens file")]
    [InlineData("ann write secret-in-clear", "is no line of a tokens file")]
    [InlineData("ann admin sha256:0000000000000000000000000000000000000000000000000000000000000000", "is no line of a tokens file")]
    [InlineData("# nobody", "holds no token")]
    public async Task A_wrong_tokens_file_is_told_before_anything_listens_and_never_shown(string line, string problem)
    {
        var file = Path.Combine(_folder, "tokens");
        await File.WriteAllTextAsync(file, line, Token);

        var error = await Assert.ThrowsAsync<InputException>(() => Start("127.0.0.1:0", file));

        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-in-clear", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using var first = await Start("127.0.0.1:0");

        var error = await Assert.ThrowsAsync<InputException>(() => Start($"127.0.0.1:{first.Address.Port}"));

        Assert.StartsWith($"--listen: 127.0.0.1:{first.Address.Port} cannot be listened on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_cluster_it_lives_lists_what_the_store_has_and_says_what_is_missing()
    {
        await using var api = await Start("127.0.0.1:0");
        using var http = new HttpClient { BaseAddress = api.Address };

        async Task<(HttpStatusCode, string)> Get(string path)
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative), Token);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
        }

        Assert.Equal(HttpStatusCode.OK, (await Get("livez")).Item1);
        Assert.Equal(HttpStatusCode.OK, (await Get("startupz")).Item1);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the cluster is not found yet"), await Get("readyz"));
        Assert.Equal((HttpStatusCode.OK, """{"items":[],"total":0}"""), await Get("api/experiments"));
        var (status, text) = await Get("api/cluster/silos");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("It is looked for again and again", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE", (await Get("metrics")).Item2, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_tokens_a_page_of_another_name_that_points_here_is_not_served()
    {
        await using var api = await Start("127.0.0.1:0");
        using var http = new HttpClient { BaseAddress = api.Address };

        async Task<HttpStatusCode> Ask(string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "api/session") { Headers = { Host = host } };
            using var response = await http.SendAsync(request, Token);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.MisdirectedRequest, await Ask("rebound.example"));
        Assert.Equal(HttpStatusCode.OK, await Ask("localhost"));
        Assert.Equal(HttpStatusCode.OK, await Ask($"127.0.0.1:{api.Address.Port}"));
    }

    [Fact]
    public async Task Live_streams_are_so_many_for_each_caller_and_take_no_places_of_other_requests()
    {
        var (watcher, other) = (ApiToken.Create("watcher", ApiScope.Read), ApiToken.Create("other", ApiScope.Read));
        await File.WriteAllLinesAsync(Path.Combine(_folder, "tokens"), [watcher.Line, other.Line], Token);
        await new FolderObjectStore(Path.Combine(_folder, "store")).PutBytes(ExperimentShelf.SpecKey("one-0a1b2c3d"), "name: one"u8.ToArray(), PutCondition.Always, Token);
        await using var api = await Start("127.0.0.1:0", Path.Combine(_folder, "tokens")); // without a cluster a stream waits for one
        using var http = new HttpClient { BaseAddress = api.Address };

        async Task<HttpResponseMessage> Ask(ApiToken token, string path, string accept)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Authorization", $"Bearer {token.Secret}" }, { "Accept", accept } } };
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        }

        Task<HttpResponseMessage> Stream(ApiToken token) => Ask(token, "api/experiments/one-0a1b2c3d/events", "text/event-stream");
        var streams = await Task.WhenAll(Enumerable.Range(0, ApiRole.StreamsPerCaller).Select(_ => Stream(watcher)));
        using var tooMany = await Stream(watcher);
        using var request = await Ask(watcher, "api/session", "application/json");
        using var others = await Stream(other);
        foreach (var stream in streams)
        {
            Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
            stream.Dispose();
        }

        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.OK, HttpStatusCode.OK), (tooMany.StatusCode, request.StatusCode, others.StatusCode));
        Assert.Contains("256 live streams", await tooMany.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private Task<ApiRole> Start(string listen, string? tokens = null) => ApiRole.Start(
        new ApiOptions { Store = Path.Combine(_folder, "store"), Listen = listen, TokensFile = tokens, CacheFolder = Path.Combine(_folder, "cache") }, LogLevel.None, TimeProvider.System, Token);
}
