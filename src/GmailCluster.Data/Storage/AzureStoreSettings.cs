using Azure.Core.Pipeline;

namespace GmailCluster.Data.Storage;

/// <summary>How an <see cref="AzureObjectStore"/> uploads and how long it keeps trying. Tests choose smaller figures.</summary>
internal sealed record AzureStoreSettings
{
    // Connections are renewed so that a moved endpoint is found; one that cannot be made is given up soon.
    private static readonly HttpClientTransport Shared = new(new HttpClient(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        AllowAutoRedirect = false,
    }) { Timeout = System.Threading.Timeout.InfiniteTimeSpan });

    /// <summary>Content longer than this goes up in blocks of this size. Default 4 MiB.</summary>
    public int BlockBytes { get; init; } = 4 << 20;

    /// <summary>Blocks of one object on their way at once: memory is at most one more than these. Default 4.</summary>
    public int BlocksInFlight { get; init; } = 4;

    /// <summary>Tries after the first. Default 9: the pauses add up to a little over a minute.</summary>
    public int RetryCount { get; init; } = 9;

    /// <summary>The same, for an endpoint that cannot be reached and never has been: a wrong name should be told soon. Default 2.</summary>
    public int FirstContactRetryCount { get; init; } = 2;

    /// <summary>The pause before the first retry; doubled for each, with jitter. Default 0.25 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>The longest pause. Default 20 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A try without progress is given up after this. Default 60 s.</summary>
    public TimeSpan NetworkTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What carries the requests.</summary>
    public HttpPipelineTransport Transport { get; init; } = Shared;

    /// <summary>Entries of a listing asked for at once. Default: as many as the service gives (5,000).</summary>
    public int? ListPageSize { get; init; }
}
