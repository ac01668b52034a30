using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Grains;
using GmailCluster.Host.Experiments;
using GmailCluster.Reporting.Export;
using GmailCluster.Results;
using GmailCluster.Specs;
using GmailCluster.Stages;
using Polly;
using Polly.Retry;

namespace GmailCluster.Host.Api;

/// <summary>Experiments of a cluster through its API: for clients that see neither its store nor its network.</summary>
public sealed class ApiClient : IExperiments, IExperimentShelf, IDisposable
{
    private const int PageSize = 1000;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AskAgainPeriod = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<HttpResponseMessage> _calls;

    private ApiClient(Uri url, string? token, TimeProvider time)
    {
        (_url, _time) = (url, time);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        _calls = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>().Handle<TimeoutException>().HandleResult(response => IsPassing(response.StatusCode)),
            MaxRetryAttempts = 6,
            Delay = TimeSpan.FromMilliseconds(300),
            MaxDelay = TimeSpan.FromSeconds(5),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        }).Build();
    }

    /// <inheritdoc/>
    public IExperimentShelf Shelf => this;

    /// <summary>A client of an API. Nothing is sent yet.</summary>
    /// <param name="url">Where the API is, such as <c>https://lab.example</c>.</param>
    /// <param name="tokenFile">File with the token; null for an API on this machine that asks for none.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InputException">The URL is none, or the file cannot be read.</exception>
    public static ApiClient Open(string url, string? tokenFile, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!Uri.TryCreate($"{url.TrimEnd('/')}/", UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) || address.UserInfo.Length > 0)
        {
            throw new InputException("--api", "is no address of an API.", "Write it as https://lab.example or http://127.0.0.1:8080.");
        }

        return new ApiClient(address, tokenFile is null ? null : ReadToken(tokenFile), time);
    }

    /// <inheritdoc/>
    public async Task<string> Submit(LoadedSpec loaded, Action<string> onProgress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(onProgress);
        var listing = await InputListing.Read(loaded, cancellationToken).ConfigureAwait(false);
        var (sentCount, sentBytes) = (0, 0L);
        while (true)
        {
            using var response = await Send(() => new HttpRequestMessage(HttpMethod.Post, "api/experiments") { Content = JsonContent.Create(listing.Request, options: ApiJson.Options) }, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.Conflict && await Missing(response, cancellationToken).ConfigureAwait(false) is { Count: > 0 } missing)
            {
                foreach (var sha256 in missing)
                {
                    sentBytes += await Put(sha256, listing.Paths, cancellationToken).ConfigureAwait(false);
                    sentCount++;
                }

                onProgress(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{sentCount} files, {sentBytes / 1e6:0.0} MB sent"));
                continue;
            }

            await ThrowIfRefused(response, cancellationToken).ConfigureAwait(false);
            if ((await Read<SubmissionView>(response, cancellationToken).ConfigureAwait(false)).Id is { } id)
            {
                return id;
            }

            await Task.Delay(AskAgainPeriod, _time, cancellationToken).ConfigureAwait(false); // it is being imported
        }
    }

    /// <inheritdoc/>
    public async Task<ExperimentStatus> Status(string id, CancellationToken cancellationToken) => (await View(id, cancellationToken).ConfigureAwait(false)).ToStatus();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Stage>> Stages(string id, CancellationToken cancellationToken) =>
        [.. (await View(id, cancellationToken).ConfigureAwait(false)).Stages.Select(stage => stage.ToStage())];

    /// <inheritdoc/>
    public async IAsyncEnumerable<ExperimentStatus> Watch(string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in Stream(id, long.MaxValue, cancellationToken).ConfigureAwait(false))
        {
            if (item.EventType == "status")
            {
                yield return JsonSerializer.Deserialize<ExperimentView>(item.Data, ApiJson.Options)!.ToStatus();
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExperimentEvent>> Events(string id, long after, CancellationToken cancellationToken) =>
        [.. (await Get<EventPage>(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"api/experiments/{Escaped(id)}/events?after={after}"), cancellationToken).ConfigureAwait(false)).Items.Select(item => item.ToEvent())];

    /// <inheritdoc/>
    public async IAsyncEnumerable<ExperimentEvent> Follow(string id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in Stream(id, after, cancellationToken).ConfigureAwait(false))
        {
            if (item.EventType == "event")
            {
                yield return JsonSerializer.Deserialize<EventView>(item.Data, ApiJson.Options)!.ToEvent();
            }
        }
    }

    /// <inheritdoc/>
    public Task Cancel(string id, CancellationToken cancellationToken) => Post($"api/experiments/{Escaped(id)}/cancel", cancellationToken);

    /// <inheritdoc/>
    public Task Resume(string id, CancellationToken cancellationToken) => Post($"api/experiments/{Escaped(id)}/resume", cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExperimentSummary>> List(CancellationToken cancellationToken)
    {
        var all = new List<ExperimentSummary>();
        ExperimentPage page;
        do
        {
            page = await Get<ExperimentPage>(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"api/experiments?offset={all.Count}&limit={PageSize}"), cancellationToken).ConfigureAwait(false);
            all.AddRange(page.Items);
        }
        while (page.Items.Count > 0 && all.Count < page.Total);

        return all;
    }

    /// <inheritdoc/>
    public async Task<string> Find(string word, CancellationToken cancellationToken) => (await View(word, cancellationToken).ConfigureAwait(false)).Id;

    /// <inheritdoc/>
    async Task<IReadOnlyList<ExperimentEvent>> IExperimentShelf.Events(string id, long after, CancellationToken cancellationToken)
    {
        var all = new List<ExperimentEvent>();
        IReadOnlyList<ExperimentEvent> page;
        do
        {
            page = await Events(id, after, cancellationToken).ConfigureAwait(false);
            all.AddRange(page);
            after = all.Count > 0 ? all[^1].Number : after;
        }
        while (page.Count == ExperimentEvent.PageSize);

        return all;
    }

    /// <inheritdoc/>
    public async Task<ExperimentResults> Results(string id, CancellationToken cancellationToken)
    {
        var stream = await Open($"api/experiments/{Escaped(id)}/results", cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var memory = new MemoryStream();
            await stream.CopyToAsync(memory, cancellationToken).ConfigureAwait(false);
            memory.Position = 0;
            return ResultsFile.Read(memory, $"{_url}api/experiments/{Escaped(id)}/results");
        }
    }

    /// <inheritdoc/>
    public Task<Stream> OpenReport(string id, CancellationToken cancellationToken) => Open($"api/experiments/{Escaped(id)}/report", cancellationToken);

    /// <inheritdoc/>
    public string LocationOfReport(string id) => $"{_url}api/experiments/{Escaped(id)}/report";

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string ReadToken(string file)
    {
        try
        {
            var token = File.ReadAllText(file).Trim();
            return token.Length > 0 && token.All(letter => letter is > ' ' and < '\x7f')
                ? token
                : throw new InputException(file, "holds no token.", "Put the token into it, on one line.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", "Name the file with your token, and let this user read it.", e);
        }
    }

    private static string Escaped(string id) => Uri.EscapeDataString(id);

    // What a proxy says while the API restarts, and the API itself while it is asked too much.
    private static bool IsPassing(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private Task<ExperimentView> View(string id, CancellationToken cancellationToken) => Get<ExperimentView>($"api/experiments/{Escaped(id)}", cancellationToken);

    // A stream that breaks is taken up after the last event that came; an id is kept so that no event comes twice.
    private async IAsyncEnumerable<SseItem<string>> Stream(string id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = after;
        while (true)
        {
            var at = last;
            using var response = await Send(() =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"api/experiments/{Escaped(id)}/events?after={at}"));
                request.Headers.Accept.ParseAdd("text/event-stream");
                return request;
            }, cancellationToken).ConfigureAwait(false);
            await ThrowIfRefused(response, cancellationToken).ConfigureAwait(false);
            var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                var items = SseParser.Create(body).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
                await using (items.ConfigureAwait(false))
                {
                    while (await Next(items).ConfigureAwait(false))
                    {
                        if (items.Current.EventType == "end")
                        {
                            yield break;
                        }

                        last = items.Current.EventId is { } number ? long.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : last;
                        yield return items.Current;
                    }
                }
            }

            await Task.Delay(AskAgainPeriod, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<bool> Next(IAsyncEnumerator<SseItem<string>> items)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return false; // cut off
        }
    }

    private async Task<long> Put(string sha256, IReadOnlyDictionary<string, string> paths, CancellationToken cancellationToken)
    {
        if (!paths.TryGetValue(sha256, out var path))
        {
            throw new GmailClusterException(_url.ToString(), "asks for a file that was not offered.", "Is it the API of a GmailCluster?");
        }

        using var response = await Send(() => new HttpRequestMessage(HttpMethod.Put, $"api/inputs/{sha256}") { Content = new StreamContent(File.OpenRead(path)) { Headers = { ContentType = new("application/octet-stream") } } }, cancellationToken, isUpload: true).ConfigureAwait(false);
        await ThrowIfRefused(response, cancellationToken).ConfigureAwait(false);
        return new FileInfo(path).Length;
    }

    private async Task Post(string path, CancellationToken cancellationToken)
    {
        using var response = await Send(() => new HttpRequestMessage(HttpMethod.Post, path), cancellationToken).ConfigureAwait(false);
        await ThrowIfRefused(response, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> Get<T>(string path, CancellationToken cancellationToken)
    {
        using var response = await Send(() => new HttpRequestMessage(HttpMethod.Get, path), cancellationToken).ConfigureAwait(false);
        await ThrowIfRefused(response, cancellationToken).ConfigureAwait(false);
        return await Read<T>(response, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Stream> Open(string path, CancellationToken cancellationToken)
    {
        var response = await Send(() => new HttpRequestMessage(HttpMethod.Get, path), cancellationToken).ConfigureAwait(false);
        await ThrowIfRefused(response, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> Send(Func<HttpRequestMessage> request, CancellationToken cancellationToken, bool isUpload = false)
    {
        try
        {
            return await _calls.ExecuteAsync(
                async token =>
                {
                    using var message = request();
                    var sending = _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, token);
                    return isUpload ? await sending.ConfigureAwait(false) : await sending.WaitAsync(AnswerLimit, _time, token).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException)
        {
            throw new GmailClusterException(_url.ToString(), $"does not answer: {e.Message.TrimEnd('.')}.", "Look whether the API runs there, or correct --api.", e);
        }
    }

    private async Task<T> Read<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(ApiJson.Options, cancellationToken).ConfigureAwait(false) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new GmailClusterException(_url.ToString(), $"does not answer as an API of this version: {e.Message.TrimEnd('.')}.", "Correct --api, or use the program's version that the API has.", e);
        }
    }

    private async Task<IReadOnlyList<string>> Missing(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var problem = await Read<JsonElement>(response, cancellationToken).ConfigureAwait(false);
        return problem.TryGetProperty("missing", out var missing) ? [.. missing.EnumerateArray().Select(item => item.GetString()!)] : [];
    }

    // The API's words are those that the same act has within the cluster.
    private async Task ThrowIfRefused(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        if (response.StatusCode is HttpStatusCode.Unauthorized)
        {
            throw new InputException(_url.ToString(), "does not let this token in.", "Name the file with your token by --token-file; whoever runs the API gives tokens out.");
        }

        var text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        throw Problem(text) ?? new GmailClusterException(_url.ToString(), $"answered {(int)response.StatusCode} {response.ReasonPhrase}.", "Is it the API of a GmailCluster? The log of the API says more.");
    }

    private static GmailClusterException? Problem(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            string? Word(string name) => json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
            if (Word("problem") is not { } problem)
            {
                return null;
            }

            var (where, remedy) = (Word("where") ?? "", Word("remedy") ?? "");
            return json.RootElement.TryGetProperty("exit_code", out var code) && code.GetInt32() == 2 ? new InputException(where, problem, remedy) : new GmailClusterException(where, problem, remedy);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
