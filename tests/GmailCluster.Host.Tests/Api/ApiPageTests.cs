using System.Net.Http.Json;
using System.Text.Json;
using GmailCluster.Host.Api;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Tests.Api;

/// <summary>docs/api.md is what the API says of itself. GMAILCLUSTER_UPDATE_DOCS=1 writes it anew.</summary>
public sealed class ApiPageTests
{
    [Fact]
    public async Task The_page_on_the_API_is_in_step_with_its_OpenAPI_document()
    {
        var folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;
        try
        {
            var token = TestContext.Current.CancellationToken;
            await using var api = await ApiRole.Start(new ApiOptions { Store = folder, Listen = "127.0.0.1:0" }, LogLevel.None, TimeProvider.System, token);
            using var http = new HttpClient { BaseAddress = api.Address };
            var path = Path.Combine(RepositoryRoot(), "docs", "api.md");

            var made = ApiPage.Markdown(await http.GetFromJsonAsync<JsonElement>("openapi.json", token));

            if (Environment.GetEnvironmentVariable("GMAILCLUSTER_UPDATE_DOCS") == "1")
            {
                await File.WriteAllTextAsync(path, made, token);
            }

            Assert.True(
                File.Exists(path) && await File.ReadAllTextAsync(path, token) == made,
                "docs/api.md is not what the API says. Run the tests with GMAILCLUSTER_UPDATE_DOCS=1 and commit the change.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "GmailCluster.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run from within the repository.");
        }

        return folder;
    }
}
