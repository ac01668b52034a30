using System.Globalization;
using GmailCluster.Errors;
using GmailCluster.Grains;
using GmailCluster.Stages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace GmailCluster.Host.Api;

/// <summary>The inside of an experiment's stages.</summary>
internal static class StageEndpoints
{
    public static void MapStages(this RouteGroupBuilder api)
    {
        var stage = api.MapGroup("/experiments/{id}/stages/{stage}").WithTags("stages");
        stage.MapGet("/timeline", Timeline).WithSummary("A run's loss, and time of its steps and their parts, in at most so many points.");
        stage.MapGet("/ranks", Ranks).WithSummary("Which silos hold a run's virtual ranks; 204 when it does not run.").Produces<RunPlan>().Produces(204);
        stage.MapGet("/shards", Shards).WithSummary("A generation's shards in at most so many cells: committed, and in whose hands.");
        stage.MapGet("/samples", Samples).WithSummary("Pictures of the shards that were made last.");
        stage.MapGet("/samples/{shard:int}/{index:int}", Picture).WithSummary("One of those pictures.").Produces(200, contentType: "image/png");
    }

    private static async Task<RunTimeline> Timeline(string id, string stage, ExperimentFeed experiments, StageFeed stages, CancellationToken cancellationToken, int points = 500) =>
        await stages.Timeline(await Find(experiments, id, stage, cancellationToken).ConfigureAwait(false), Checked(points, "points"), cancellationToken).ConfigureAwait(false);

    private static async Task<IResult> Ranks(string id, string stage, ExperimentFeed experiments, StageFeed stages, CancellationToken cancellationToken) =>
        await stages.Plan(await Find(experiments, id, stage, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false) is { } plan
            ? TypedResults.Ok(plan)
            : TypedResults.NoContent();

    private static async Task<ShardMap> Shards(string id, string stage, ExperimentFeed experiments, StageFeed stages, CancellationToken cancellationToken, int cells = 1024) =>
        await stages.Shards(await Find(experiments, id, stage, cancellationToken).ConfigureAwait(false), Checked(cells, "cells"), cancellationToken).ConfigureAwait(false);

    private static async Task<SampleList> Samples(string id, string stage, ExperimentFeed experiments, SampleFeed samples, CancellationToken cancellationToken) =>
        await samples.List(await Find(experiments, id, stage, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    private static async Task<FileContentHttpResult> Picture(
        string id, string stage, int shard, int index, ExperimentFeed experiments, SampleFeed samples, HttpContext context, CancellationToken cancellationToken)
    {
        var (encoded, type) = await samples.Picture(await Find(experiments, id, stage, cancellationToken).ConfigureAwait(false), shard, index, cancellationToken).ConfigureAwait(false);
        context.Response.Headers.CacheControl = "private, max-age=3600, immutable"; // a shard's content never changes
        return TypedResults.File(encoded, type);
    }

    private static async Task<Stage> Find(ExperimentFeed experiments, string id, string stage, CancellationToken cancellationToken) =>
        await experiments.Stage(await experiments.Find(id, cancellationToken).ConfigureAwait(false), stage, cancellationToken).ConfigureAwait(false);

    private static int Checked(int number, string name) => number is >= 1 and <= StageFeed.MostPoints
        ? number
        : throw new InputException(name, $"is {number.ToString(CultureInfo.InvariantCulture)}, outside 1..{StageFeed.MostPoints}.", "Ask for fewer.");
}
