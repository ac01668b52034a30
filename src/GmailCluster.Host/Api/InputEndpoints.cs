using System.Text;
using System.Text.Json;
using GmailCluster.Errors;
using GmailCluster.Learning.Inputs;
using GmailCluster.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace GmailCluster.Host.Api;

/// <summary>Files and specs that are sent.</summary>
internal static class InputEndpoints
{
    /// <summary>The largest body of a submission: a page of YAML and the names and hashes of its files.</summary>
    public const long MaxRequestBytes = 128 << 20;

    public static void MapInputs(this RouteGroupBuilder api)
    {
        var write = new RequiredScope(ApiScope.Write);
        api.MapPut("/inputs/{sha256}", Put).WithTags("submit").WithMetadata(write).Accepts<Stream>("application/octet-stream")
            .WithSummary("Send a file that a spec names, under the SHA-256 of its content; one that is there is not written again.");
        api.MapPost("/experiments", Submit).WithTags("submit").WithMetadata(write, new RequestSizeLimitAttribute(MaxRequestBytes)).Accepts<SubmissionRequest>("application/json", "application/yaml")
            .WithSummary("Submit a spec and the files it names (409 lists those to send first); 202: still being taken in, send the same again. With 'Content-Type: application/yaml' the body is the spec alone.")
            .Produces<SubmissionView>(201).Produces<SubmissionView>(202).ProducesProblem(409);
    }

    public static bool IsSha256(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static async Task<Results<Created, NoContent>> Put(string sha256, HttpContext context, IObjectStore store, ApiOptions options, CancellationToken cancellationToken)
    {
        if (!IsSha256(sha256))
        {
            throw new InputException("the input's name", "is no SHA-256.", "Write 64 hexadecimal digits in lower case.");
        }

        var most = (long)options.MaxInputMib << 20;
        if (context.Request.ContentLength > most)
        {
            throw new ApiException(StatusCodes.Status413PayloadTooLarge, sha256, $"is larger than {options.MaxInputMib} MiB.", "Submit it from a machine that sees the store, or let whoever runs the API raise --max-input.");
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = most;
        var key = new InputFile("", sha256, 0).ObjectKey;
        if (await store.Stat(key, cancellationToken).ConfigureAwait(false) is not null)
        {
            return TypedResults.NoContent();
        }

        var content = new HashedStream(context.Request.Body, sha256);
        await using (content.ConfigureAwait(false))
        {
            await store.Put(key, content, PutCondition.WhenAbsent, cancellationToken).ConfigureAwait(false);
        }

        return TypedResults.Created($"/api/inputs/{sha256}");
    }

    private static async Task<IResult> Submit(HttpContext context, Submissions submissions, ExperimentFeed feed, CancellationToken cancellationToken)
    {
        var id = await submissions.Submit(await ReadRequest(context.Request, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (id is null)
        {
            return TypedResults.Json(new SubmissionView(null), ApiJson.Options, statusCode: StatusCodes.Status202Accepted);
        }

        feed.Forget(id);
        return TypedResults.Created($"/api/experiments/{id}", new SubmissionView(id));
    }

    private static async Task<SubmissionRequest> ReadRequest(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.HasJsonContentType())
        {
            try
            {
                return await request.ReadFromJsonAsync<SubmissionRequest>(ApiJson.Options, cancellationToken).ConfigureAwait(false)
                    ?? throw new InputException("the body", "is null.", "Send a spec.");
            }
            catch (JsonException e)
            {
                throw new InputException("the body", $"is not the JSON expected here, at {e.Path ?? "$"}: {e.Message.TrimEnd('.')}.", "GET /openapi.json describes it.", e);
            }
        }

        using var reader = new StreamReader(request.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            return new SubmissionRequest(await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException("the body", "is not UTF-8 text.", "Save the spec as UTF-8.", e);
        }
    }
}
