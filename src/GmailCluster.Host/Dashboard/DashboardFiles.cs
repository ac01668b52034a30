using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace GmailCluster.Host.Dashboard;

/// <summary>The dashboard's pages: files within the program, which hold no data and so ask for no token.</summary>
internal static class DashboardFiles
{
    private const string Prefix = "dashboard/";

    // Own scripts, styles and pictures only; nothing inline, so a text that became markup would still not run.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void MapDashboard(this IEndpointRouteBuilder routes)
    {
        var assembly = typeof(DashboardFiles).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            var file = new PageFile(memory.ToArray(), TypeOf(name));
            var path = name[Prefix.Length..];
            Map(path == "index.html" ? "/" : $"/{path}", file);
        }

        void Map(string route, PageFile file) => routes.MapGet(route, (HttpContext context) => Send(context, file)).ExcludeFromDescription();
    }

    private static FileContentHttpResult Send(HttpContext context, PageFile file)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.CacheControl = "no-cache"; // asked for again each time, sent again only when it changed
        return TypedResults.File(file.Content, file.Type, entityTag: file.Tag);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"The dashboard has a file of the unknown kind {other}."),
    };

    private sealed record PageFile(byte[] Content, string Type)
    {
        public EntityTagHeaderValue Tag { get; } = new($"\"{Convert.ToHexStringLower(SHA256.HashData(Content))[..16]}\"");
    }
}
