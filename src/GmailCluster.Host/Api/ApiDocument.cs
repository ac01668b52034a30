using GmailCluster.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace GmailCluster.Host.Api;

/// <summary>The OpenAPI document.</summary>
internal static class ApiDocument
{
    /// <summary>Where it is.</summary>
    public const string Route = "/openapi.json";

    private const string Scheme = "token";

    public static void AddTo(IServiceCollection services) => services.AddOpenApi("v1", options => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info = new OpenApiInfo { Title = "GmailCluster", Version = TelemetryVersion.Text, Description = "Experiments of a GmailCluster: submit, follow, fetch." };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of the API's tokens file: scope read for GET, write for the rest." },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
        return Task.CompletedTask;
    }));
}
