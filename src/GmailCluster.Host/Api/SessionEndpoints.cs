using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace GmailCluster.Host.Api;

/// <summary>
/// Signing the dashboard in: the token goes into a cookie that no script reads and no other site sends, so pictures, reports and
/// live events need no script to carry it.
/// </summary>
internal static class SessionEndpoints
{
    public static void MapSession(this IEndpointRouteBuilder routes)
    {
        var session = routes.MapGroup("/api/session").WithTags("session");
        session.MapGet("", (HttpContext context, ApiOptions options) => View(context.Features.Get<ApiCaller>()!, options)).WithMetadata(new RequiredScope(ApiScope.Read))
            .WithSummary("Whose token the request has, and what it allows.");
        session.MapPost("", SignIn).WithSummary("Put a token into the dashboard's cookie.");
        session.MapDelete("", SignOut).WithSummary("Remove the cookie.");
    }

    private static SessionView View(ApiCaller caller, ApiOptions options) => new(caller.Name, caller.Scope, options.TokensFile is not null, options.OrleansDashboardPort is { } port ? $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}/" : null);

    private static SessionView SignIn(SessionRequest request, HttpContext context, TokenSource tokens, ApiOptions options)
    {
        if (tokens.Tokens?.Find(request.Token) is not { } caller)
        {
            throw new ApiException(StatusCodes.Status401Unauthorized, "the token", "is not let in.", "Whoever runs the API gives tokens out: 'gmailcluster api token NAME'.");
        }

        context.Response.Cookies.Append(ApiGate.Cookie, request.Token, Cookie(context));
        return View(caller, options);
    }

    private static NoContent SignOut(HttpContext context)
    {
        context.Response.Cookies.Delete(ApiGate.Cookie, Cookie(context));
        return TypedResults.NoContent();
    }

    // Behind a proxy that ends TLS the request itself is plain: what the browser saw counts. A false header only hides the cookie from whoever forged it.
    private static CookieOptions Cookie(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps || context.Request.Headers["X-Forwarded-Proto"] == "https",
        Path = "/",
    };
}

/// <summary>Who is signed in.</summary>
/// <param name="Name">The name beside the token.</param>
/// <param name="Scope">What it allows.</param>
/// <param name="HasTokens">Whether tokens are asked for at all.</param>
/// <param name="OrleansDashboard">Where Orleans' own dashboard is on the API's machine, if it is on.</param>
internal sealed record SessionView(string Name, ApiScope Scope, bool HasTokens, string? OrleansDashboard = null);

/// <summary>A token to sign in with.</summary>
/// <param name="Token">The token.</param>
internal sealed record SessionRequest(string Token);
