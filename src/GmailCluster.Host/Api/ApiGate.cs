using System.Net;
using Microsoft.AspNetCore.Http;

namespace GmailCluster.Host.Api;

/// <summary>Lets a request in or answers why not: whose token it is, what it may do, and whether a foreign page sent it.</summary>
/// <param name="next">What follows.</param>
/// <param name="problems">Answers.</param>
/// <param name="tokens">Who is let in; null for whoever is on this machine.</param>
internal sealed class ApiGate(RequestDelegate next, ApiProblems problems, TokenSource tokens)
{
    /// <summary>The dashboard's cookie: it holds the token, and no script reads it.</summary>
    public const string Cookie = "gmailcluster-token";

    private const string Scheme = "Bearer ";

    public async Task Invoke(HttpContext context)
    {
        if (Refusal(context) is { } refusal)
        {
            if (refusal.Status is StatusCodes.Status401Unauthorized)
            {
                context.Response.Headers.WWWAuthenticate = "Bearer";
            }

            await problems.Write(context, refusal, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        await next(context).ConfigureAwait(false);
    }

    private ApiException? Refusal(HttpContext context)
    {
        // Without tokens whoever reaches the port is let in, so a page of another name that was made to point here must not.
        if (tokens.Tokens is null && !IsLoopback(context.Request.Host.Host))
        {
            return new ApiException(StatusCodes.Status421MisdirectedRequest, context.Request.Host.Host, "is not this machine.", "Ask for 127.0.0.1 or localhost, or give the API tokens.");
        }

        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>() is not { } required)
        {
            return null;
        }

        if (!IsSafe(context.Request.Method) && IsForeign(context.Request))
        {
            return new ApiException(StatusCodes.Status403Forbidden, "the request", "comes from a page of another site.", "Use the dashboard, or the API without a browser.");
        }

        if (CallerOf(context) is not { } caller)
        {
            return new ApiException(
                StatusCodes.Status401Unauthorized, "the request", "has no token that is let in.", "Send 'Authorization: Bearer TOKEN'; whoever runs the API gives tokens out.");
        }

        if (caller.Scope < required.Scope)
        {
            return new ApiException(StatusCodes.Status403Forbidden, caller.Name, "may read, not write.", "Ask whoever runs the API for a token with scope write.");
        }

        context.Features.Set(caller);
        return null;
    }

    private ApiCaller? CallerOf(HttpContext context)
    {
        if (tokens.Tokens is not { } known)
        {
            return new ApiCaller("this machine", ApiScope.Write);
        }

        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : context.Request.Cookies[Cookie];
        return string.IsNullOrEmpty(token) ? null : known.Find(token);
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    // Browsers say whence a request comes; other clients say nothing.
    private static bool IsForeign(HttpRequest request) => request.Headers["Sec-Fetch-Site"].ToString() switch
    {
        "" => request.Headers.Origin.ToString() is { Length: > 0 } origin
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)),
        "same-origin" or "none" => false,
        _ => true,
    };

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}

/// <summary>What a route asks of its caller.</summary>
/// <param name="Scope">The least scope.</param>
internal sealed record RequiredScope(ApiScope Scope);

/// <summary>The tokens, or that there are none.</summary>
/// <param name="Tokens">Null for whoever is on this machine.</param>
internal sealed record TokenSource(ApiTokens? Tokens);
