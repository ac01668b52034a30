using System.Globalization;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Host.Experiments;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace GmailCluster.Host.Api;

/// <summary>Experiments, read and acted on.</summary>
internal static class ExperimentEndpoints
{
    private const int MostItems = 1000;

    // What the report may do: run its own script in an origin of its own, so that it reaches nothing of the API.
    private const string ReportPolicy = "sandbox allow-scripts allow-popups; frame-ancestors 'self'";

    public static void MapExperiments(this RouteGroupBuilder api)
    {
        var experiments = api.MapGroup("/experiments").WithTags("experiments");
        experiments.MapGet("", List).WithSummary("List experiments, the last submitted first.");
        experiments.MapGet("/{id}", View).WithSummary("How an experiment and its stages stand. The id may be cut short.");
        experiments.MapGet("/{id}/spec", Spec).WithSummary("The spec as it was submitted.").Produces(200, contentType: "application/yaml");
        experiments.MapGet("/{id}/events", Events)
            .WithSummary("What happened after an event; with 'Accept: text/event-stream', that and how it stands, live until its end. Last-Event-ID resumes.")
            .Produces<EventPage>(200, "application/json", "text/event-stream");
        experiments.MapGet("/{id}/results", Results).WithSummary("The figures of a finished experiment.").Produces(200, contentType: "application/json");
        experiments.MapGet("/{id}/report", Report).WithSummary("The report of a finished experiment.").Produces(200, contentType: "text/html");
        experiments.MapGet("/{id}/artifacts", (string id, ExperimentFeed feed, CancellationToken cancellationToken) => Found(feed, id, feed.Artifacts, cancellationToken))
            .WithSummary("Files of its finished stages: images, adapters, checkpoints, figures.").WithName("artifacts");
        experiments.MapGet("/{id}/artifacts/{**key}", Artifact).WithSummary("One of those files.").Produces(200, contentType: "application/octet-stream");
        experiments.MapPost("/{id}/cancel", Cancel).WithSummary("Stop at the next safe point; what is done stays.").WithMetadata(new RequiredScope(ApiScope.Write));
        experiments.MapPost("/{id}/resume", Resume).WithSummary("Go on after a failure or a cancellation.").WithMetadata(new RequiredScope(ApiScope.Write));
    }

    /// <summary>Whether a request asks for a stream that stays open.</summary>
    public static bool IsStream(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);

    private static async Task<ExperimentPage> List(ExperimentFeed feed, CancellationToken cancellationToken, int offset = 0, int limit = 100, StagePhase? phase = null, string? search = null)
    {
        if (offset < 0 || limit is < 1 or > MostItems)
        {
            throw new InputException("offset, limit", $"are {offset.ToString(CultureInfo.InvariantCulture)} and {limit.ToString(CultureInfo.InvariantCulture)}.", $"Give an offset from 0 and a limit from 1 to {MostItems}.");
        }

        var all = await feed.List(cancellationToken).ConfigureAwait(false);
        var wanted = all.Where(item => (phase is null || item.Phase == phase) && (search is null || item.Id.Contains(search, StringComparison.OrdinalIgnoreCase))).ToArray();
        return new ExperimentPage([.. wanted.Skip(offset).Take(limit)], wanted.Length);
    }

    private static Task<ExperimentView> View(string id, ExperimentFeed feed, CancellationToken cancellationToken) => Found(feed, id, feed.View, cancellationToken);

    private static async Task<FileStreamHttpResult> Spec(string id, ExperimentFeed feed, IObjectStore store, CancellationToken cancellationToken)
    {
        var found = await feed.Find(id, cancellationToken).ConfigureAwait(false);
        return TypedResults.Stream(await store.OpenRead(ExperimentShelf.SpecKey(found), 0, null, cancellationToken).ConfigureAwait(false), "application/yaml");
    }

    private static async Task<IResult> Events(string id, ExperimentFeed feed, HttpContext context, CancellationToken cancellationToken, long after = 0)
    {
        var found = await feed.Find(id, cancellationToken).ConfigureAwait(false);
        if (!IsStream(context.Request))
        {
            var events = await feed.Shelf.Events(found, after, cancellationToken).ConfigureAwait(false);
            return TypedResults.Json(new EventPage([.. events.Take(ExperimentEvent.PageSize).Select(EventView.Of)]), ApiJson.Options);
        }

        var last = long.TryParse(context.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : after;
        context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold live lines back
        return TypedResults.ServerSentEvents(feed.Stream(found, last, cancellationToken));
    }

    private static async Task<FileStreamHttpResult> Results(string id, ExperimentFeed feed, CancellationToken cancellationToken) =>
        await Finished(id, ExperimentShelf.ResultsKey, "application/json", feed, cancellationToken).ConfigureAwait(false);

    private static async Task<FileStreamHttpResult> Report(string id, ExperimentFeed feed, HttpContext context, CancellationToken cancellationToken)
    {
        var report = await Finished(id, ExperimentShelf.ReportKey, "text/html; charset=utf-8", feed, cancellationToken).ConfigureAwait(false);
        context.Response.Headers.ContentSecurityPolicy = ReportPolicy;
        context.Response.Headers.XFrameOptions = "SAMEORIGIN";
        return report;
    }

    private static async Task<FileStreamHttpResult> Finished(string id, Func<string, string> key, string type, ExperimentFeed feed, CancellationToken cancellationToken)
    {
        var found = await feed.Find(id, cancellationToken).ConfigureAwait(false);
        try
        {
            return TypedResults.Stream(await feed.Shelf.Open(key(found), found, cancellationToken).ConfigureAwait(false), type);
        }
        catch (InputException e)
        {
            throw ApiException.NotFound(e.Where, e.Problem, e.Remedy, e);
        }
    }

    private static async Task<FileStreamHttpResult> Artifact(string id, string key, ExperimentFeed feed, IObjectStore store, CancellationToken cancellationToken)
    {
        // Only what a record of this experiment names is given out: not every object of the store is anybody's to read.
        var artifacts = await Found(feed, id, feed.Artifacts, cancellationToken).ConfigureAwait(false);
        var artifact = artifacts.Items.FirstOrDefault(item => item.Key == key)
            ?? throw ApiException.NotFound(id, "has no such artifact.", $"GET /api/experiments/{Uri.EscapeDataString(id)}/artifacts lists them.");
        var stream = await store.OpenRead(artifact.Key, 0, null, cancellationToken).ConfigureAwait(false);
        return TypedResults.Stream(stream, "application/octet-stream", fileDownloadName: artifact.Key[(artifact.Key.LastIndexOf('/') + 1)..]);
    }

    private static async Task<ExperimentView> Cancel(string id, ExperimentFeed feed, ClusterLink link, CancellationToken cancellationToken)
    {
        var found = await feed.Find(id, cancellationToken).ConfigureAwait(false);
        await link.Experiments.Cancel(found, cancellationToken).ConfigureAwait(false);
        feed.Forget(found);
        return await Now(found, link, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<ExperimentView> Resume(string id, ExperimentFeed feed, ClusterLink link, CancellationToken cancellationToken)
    {
        var found = await feed.Find(id, cancellationToken).ConfigureAwait(false);
        await link.Experiments.Resume(found, cancellationToken).ConfigureAwait(false);
        feed.Forget(found);
        return await Now(found, link, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<ExperimentView> Now(string id, ClusterLink link, CancellationToken cancellationToken) => ExperimentView.Of(
        id, await link.Experiments.Status(id, cancellationToken).ConfigureAwait(false), await link.Experiments.Stages(id, cancellationToken).ConfigureAwait(false));

    private static async Task<T> Found<T>(ExperimentFeed feed, string id, Func<string, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        await read(await feed.Find(id, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
}
