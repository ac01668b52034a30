using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace GmailCluster.Load;

/// <summary>The API as one caller sees it, by HTTP alone. Asks again after an error, as <c>gmailcluster --api</c> does.</summary>
internal sealed class Api(Uri address, string token, CallMeter meter) : IDisposable
{
    private static readonly TimeSpan AskAgainPeriod = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient _http = new(meter, disposeHandler: false)
    {
        BaseAddress = address,
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
    };

    /// <summary>Submits a spec until it is taken.</summary>
    /// <returns>The experiment's id.</returns>
    public async Task<string> Submit(string spec, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var answer = await Ask("POST /api/experiments", () => new HttpRequestMessage(HttpMethod.Post, "api/experiments") { Content = new StringContent(spec, new MediaTypeHeaderValue("application/yaml")) }, cancellationToken);
            if (answer.RootElement.TryGetProperty("id", out var id))
            {
                return id.GetString()!;
            }

            await Task.Delay(AskAgainPeriod, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Asks with GET.</summary>
    public Task<JsonDocument> Get(string name, string path, CancellationToken cancellationToken) =>
        Ask($"GET {name}", () => new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    /// <summary>Follows an experiment's events to its end; a stream that breaks is taken up where it broke.</summary>
    /// <returns>Numbers of the events, in the order they came, and how often it broke.</returns>
    public async Task<(IReadOnlyList<long> Numbers, int Breaks)> Follow(string id, CancellationToken cancellationToken)
    {
        var numbers = new List<long>();
        for (var breaks = 0; ; breaks++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"api/experiments/{id}/events");
                request.Headers.Accept.ParseAdd("text/event-stream");
                request.Headers.TryAddWithoutValidation("Last-Event-ID", numbers.Count > 0 ? $"{numbers[^1]}" : "0");
                request.Options.Set(CallMeter.Name, "GET /api/experiments/{id}/events, live");
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                response.EnsureSuccessStatusCode();
                await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(cancellationToken)).EnumerateAsync(cancellationToken))
                {
                    if (item.EventType == "end")
                    {
                        return (numbers, breaks);
                    }

                    if (item.EventType == "event")
                    {
                        numbers.Add(JsonDocument.Parse(item.Data).RootElement.GetProperty("number").GetInt64());
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // Taken up below.
            }

            await Task.Delay(AskAgainPeriod, TimeProvider.System, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> Ask(string name, Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var request = make();
            request.Options.Set(CallMeter.Name, name);
            try
            {
                using var response = await _http.SendAsync(request, cancellationToken);
                var text = await response.Content.ReadAsStringAsync(cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return JsonDocument.Parse(text);
                }

                if (!CallMeter.IsError((int)response.StatusCode))
                {
                    throw new InvalidOperationException($"{name} was answered {(int)response.StatusCode}: {text}");
                }
            }
            catch (HttpRequestException)
            {
                // The meter has counted it.
            }

            await Task.Delay(AskAgainPeriod, TimeProvider.System, cancellationToken);
        }
    }
}
