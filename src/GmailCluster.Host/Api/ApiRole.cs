using System.Net;
using System.Threading.RateLimiting;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Host.Dashboard;
using GmailCluster.Host.Health;
using GmailCluster.Host.Telemetry;
using GmailCluster.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace GmailCluster.Host.Api;

/// <summary>The HTTP API and its dashboard.</summary>
public sealed class ApiRole : IAsyncDisposable
{
    private const long SmallBodyBytes = 1 << 20;
    private const int MostConnections = 2048;
    private const int RequestsAtOnce = 400;
    private const int RequestsPerSecond = 100;

    /// <summary>The most live streams of one caller.</summary>
    internal const int StreamsPerCaller = 256;

    // Live streams must not keep a process that is asked to end.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly WebApplication _application;

    private ApiRole(WebApplication application) => _application = application;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_application.Urls.First());

    /// <summary>Starts it. The cluster need not be there yet.</summary>
    /// <exception cref="InputException">An option is wrong; beyond loopback it needs tokens.</exception>
    public static async Task<ApiRole> Start(ApiOptions options, LogLevel logLevel, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!IPEndPoint.TryParse(options.Listen, out var endpoint))
        {
            throw new InputException("--listen", $"'{options.Listen}' is no IP:PORT.", "Write it as 127.0.0.1:8080, or 0.0.0.0:8080 for every interface.");
        }

        if (options.TokensFile is null && !IPAddress.IsLoopback(endpoint.Address))
        {
            throw new InputException(
                "--tokens-file", $"is missing, and {endpoint.Address} can be reached by others.",
                "Make one with 'gmailcluster api token NAME --scope write >> tokens', or listen on 127.0.0.1.");
        }

        if (options.InputsFolder is { } inputs && !Directory.Exists(inputs))
        {
            throw new InputException("--inputs", $"is '{inputs}', which is no folder.", "Name the folder whose files specs may name.");
        }

        var store = ObjectStores.Open(options.Store);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(ApiRole).Assembly.GetName().Name });
        Log(builder.Logging, logLevel);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Limit(kestrel, endpoint));
        AddServices(builder.Services, options, store, logLevel, time);
        var application = builder.Build();
        try
        {
            _ = application.Services.GetRequiredService<TokenSource>(); // a wrong file is told before anything listens
            Map(application, store, time, options);
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
            return new ApiRole(application);
        }
        catch (Exception e)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw e is IOException ? new InputException("--listen", $"{options.Listen} cannot be listened on: {e.Message}", "Choose a free port.", e) : e;
        }
    }

    /// <summary>Ends it: requests are answered, live streams cut.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        await _application.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private static void Log(ILoggingBuilder logging, LogLevel level)
    {
        logging.SetMinimumLevel(level).AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.AddFilter("Microsoft", level < LogLevel.Information ? level : LogLevel.Error);
        logging.AddFilter("Microsoft.Extensions.Hosting", level < LogLevel.Information ? level : LogLevel.None); // why it does not start is told by the command
    }

    private static void Limit(KestrelServerOptions kestrel, IPEndPoint endpoint)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = SmallBodyBytes; // routes that take more say so
        kestrel.Limits.MaxConcurrentConnections = MostConnections;
        kestrel.Listen(endpoint);
    }

    private static void AddServices(IServiceCollection services, ApiOptions options, IObjectStore store, LogLevel logLevel, TimeProvider time)
    {
        services.AddSingleton(options).AddSingleton(store).AddSingleton(time);
        services.AddSingleton(provider => new TokenSource(options.TokensFile is { } file ? ApiTokens.Read(file, provider.GetRequiredService<ILogger<ApiTokens>>()) : null));
        services.AddSingleton(provider => new ClusterLink(options, store, logLevel < LogLevel.Information ? logLevel : LogLevel.None, time, provider.GetRequiredService<ILogger<ClusterLink>>()));
        services.AddSingleton<ExperimentFeed>().AddSingleton<StageFeed>().AddSingleton<SampleFeed>().AddSingleton<SiloFeed>().AddSingleton<Submissions>();
        services.AddSingleton<ApiProblems>().AddExceptionHandler<ApiProblems>().AddProblemDetails();
        services.ConfigureHttpJsonOptions(json => ApiJson.Configured(json.SerializerOptions));
        services.AddRouting().AddRateLimiter(limiter =>
        {
            limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(PerCaller(), AtOnce());
            limiter.OnRejected = (rejected, token) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = "1";
                return new ValueTask(rejected.HttpContext.RequestServices.GetRequiredService<ApiProblems>().Write(
                    rejected.HttpContext,
                    new ApiException(StatusCodes.Status429TooManyRequests, "the API", $"takes {RequestsPerSecond} requests a second and {StreamsPerCaller} live streams from a caller, and {RequestsAtOnce} requests at once.", "Ask again in a second; close streams that nobody looks at."),
                    token));
            };
        });
        ApiDocument.AddTo(services);
        TelemetryExport.AddPrometheus(services);
    }

    private static void Map(WebApplication application, IObjectStore store, TimeProvider time, ApiOptions options)
    {
        application.UseExceptionHandler();
        application.UseStatusCodePages(context => context.HttpContext.RequestServices.GetRequiredService<ApiProblems>().Write(
            context.HttpContext,
            new ApiException(context.HttpContext.Response.StatusCode, context.HttpContext.Request.Method, "is not known at this address.", "GET /openapi.json says what is."),
            context.HttpContext.RequestAborted));
        application.Use(SetHeaders);
        application.UseRouting();
        application.UseMiddleware<ApiGate>();
        application.UseRateLimiter();

        var link = application.Services.GetRequiredService<ClusterLink>();
        var state = new HealthState(token => WhyNotReady(link, store, token));
        state.SetStarted();
        application.MapHealth(state, time);
        application.MapPrometheusScrapingEndpoint();
        var api = application.MapGroup("/api").WithMetadata(new RequiredScope(ApiScope.Read)).ProducesProblem(StatusCodes.Status401Unauthorized);
        api.MapExperiments();
        api.MapStages();
        api.MapInputs();
        api.MapCluster();
        application.MapSession();
        application.MapOpenApi(ApiDocument.Route);
        application.MapDashboard();
    }

    private static Task SetHeaders(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'"; // the dashboard's pages and the report have their own
        headers.CacheControl = "no-store";
        return next(context);
    }

    private static PartitionedRateLimiter<HttpContext> PerCaller() => PartitionedRateLimiter.Create<HttpContext, string>(context => context.Features.Get<ApiCaller>() is { } caller
        ? RateLimitPartition.GetTokenBucketLimiter(caller.Name, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = 4 * RequestsPerSecond, TokensPerPeriod = RequestsPerSecond, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = RequestsPerSecond, AutoReplenishment = true,
        })
        : RateLimitPartition.GetNoLimiter(""));

    // Probes and pages of the dashboard are cheap and must go through when the rest does not. A live stream lasts as long as its
    // client likes, so one caller's must not take the places of everybody's requests: they count apart, and for each caller.
    private static PartitionedRateLimiter<HttpContext> AtOnce() => PartitionedRateLimiter.Create<HttpContext, (bool IsStream, string Caller)>(context => context.Features.Get<ApiCaller>() switch
    {
        null => RateLimitPartition.GetNoLimiter((false, "")),
        var caller when ExperimentEndpoints.IsStream(context.Request) => RateLimitPartition.GetConcurrencyLimiter((true, caller.Name), _ => new ConcurrencyLimiterOptions { PermitLimit = StreamsPerCaller }),
        _ => RateLimitPartition.GetConcurrencyLimiter((false, "all"), _ => new ConcurrencyLimiterOptions { PermitLimit = RequestsAtOnce, QueueLimit = RequestsAtOnce }),
    });

    private static async Task<string?> WhyNotReady(ClusterLink link, IObjectStore store, CancellationToken cancellationToken)
    {
        if (!link.IsFound)
        {
            return "the cluster is not found yet";
        }

        try
        {
            await store.Stat("probes/api", cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (GmailClusterException)
        {
            return "the store does not answer";
        }
    }
}
