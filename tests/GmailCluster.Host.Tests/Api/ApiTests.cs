using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using GmailCluster.Data.Storage;
using GmailCluster.Stages;

namespace GmailCluster.Host.Tests.Api;

/// <summary>The API as a client over HTTP sees it, on a real silo and a finished experiment.</summary>
[Collection(nameof(ApiCollection))]
public sealed class ApiTests(ApiWorld world)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_submitted_through_the_API_has_the_id_and_the_files_of_a_run_on_one_machine()
    {
        var plan = await world.Experiment.Plan(Token);
        using var http = world.Http(world.ReadToken);

        var artifacts = await http.GetFromJsonAsync<JsonElement>($"api/experiments/{world.Id}/artifacts", Token);
        var adapter = artifacts.GetProperty("items").EnumerateArray().First(item => item.GetProperty("key").GetString()!.EndsWith("adapter_model.safetensors", StringComparison.Ordinal));
        var content = await http.GetByteArrayAsync($"api/experiments/{world.Id}/artifacts/{adapter.GetProperty("key").GetString()}", Token);

        Assert.Equal(plan.Id, world.Id);
        Assert.Equal(plan.Stages.Select(stage => stage.Key), world.Stages.Select(stage => stage.Key));
        Assert.Equal(adapter.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    [Fact]
    public async Task Every_route_under_api_asks_for_a_token_and_those_that_change_something_for_one_that_may_write()
    {
        using var nobody = world.Http(null);
        using var wrong = world.Http("wrong");
        using var reader = world.Http(world.ReadToken);
        var document = await nobody.GetFromJsonAsync<JsonElement>("openapi.json", Token);
        var routes = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(verb => (Path: Regex.Replace(path.Name, "{[^}]*}", "1"), Verb: verb.Name.ToUpperInvariant())))
            .Where(route => route.Path.StartsWith("/api/", StringComparison.Ordinal) && (route.Path != "/api/session" || route.Verb == "GET")).ToArray();

        Assert.True(routes.Length > 15);
        foreach (var (path, verb) in routes)
        {
            Assert.Equal((verb, path, HttpStatusCode.Unauthorized), (verb, path, await Status(nobody, verb, path)));
            Assert.Equal((verb, path, HttpStatusCode.Unauthorized), (verb, path, await Status(wrong, verb, path)));
            var read = await Status(reader, verb, path);
            Assert.True(verb == "GET" ? read is not HttpStatusCode.Unauthorized and not HttpStatusCode.Forbidden : read is HttpStatusCode.Forbidden, $"{verb} {path} answered {read} to a reader");
        }
    }

    [Theory]
    [InlineData("GET", "api/nothing", 404)]
    [InlineData("DELETE", "api/experiments", 405)]
    [InlineData("GET", "api/experiments?limit=0", 400)]
    [InlineData("GET", "api/experiments?limit=many", 400)]
    [InlineData("GET", "api/experiments/no-such-1234", 404)]
    [InlineData("GET", "api/experiments/ID/stages/00000000000000000000000000000000/timeline", 404)]
    [InlineData("GET", "api/experiments/ID/stages/GENERATE/timeline", 404)]
    [InlineData("GET", "api/experiments/ID/stages/ALIGN/timeline?points=999999", 400)]
    [InlineData("POST", "api/experiments", 400)]
    [InlineData("PUT", "api/inputs/abc", 400)]
    public async Task A_failure_is_a_problem_document_that_says_what_to_do_and_nothing_of_the_inside(string verb, string path, int status)
    {
        using var http = world.Http(world.WriteToken);
        var at = path.Replace("ID", world.Id, StringComparison.Ordinal).Replace("GENERATE", world.Stage(StageKind.Generate).Key.Value, StringComparison.Ordinal)
            .Replace("ALIGN", world.Stage(StageKind.Align).Key.Value, StringComparison.Ordinal);

        using var request = new HttpRequestMessage(new HttpMethod(verb), at);
        using var response = await http.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.NotEmpty(JsonDocument.Parse(text).RootElement.GetProperty("detail").GetString()!);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain(".cs:line", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("""{"inputs":{}}""", 400)]
    [InlineData("""{"spec":"name: [","inputs":{}}""", 400)]
    [InlineData("""{"spec":"a","inputs":{"m":{"is_folder":true,"files":[{"name":"../x","sha256":"HASH","length_bytes":1}]}}}""", 400)]
    [InlineData("""{"spec":"a","inputs":{"m":{"is_folder":true,"files":[{"name":"/etc/x","sha256":"HASH","length_bytes":1}]}}}""", 400)]
    [InlineData("""{"spec":"a","inputs":{"m":{"is_folder":true,"files":[{"name":"a\\..\\x","sha256":"HASH","length_bytes":1}]}}}""", 400)]
    [InlineData("""{"spec":"a","inputs":{"m":{"is_folder":true,"files":[{"name":"x","sha256":"../../etc","length_bytes":1}]}}}""", 400)]
    [InlineData("""{"spec":"a","inputs":{"m":{"is_folder":true,"files":[{"name":"x","sha256":"HASH","length_bytes":99999999999}]}}}""", 400)]
    public async Task A_submission_that_is_none_is_refused_before_anything_is_fetched(string body, int status)
    {
        using var http = world.Http(world.WriteToken);

        using var response = await http.PostAsync("api/experiments", new StringContent(body.Replace("HASH", new string('0', 64), StringComparison.Ordinal), Encoding.UTF8, "application/json"), Token);

        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task A_spec_may_not_make_the_API_read_files_of_its_own_machine()
    {
        using var http = world.Http(world.WriteToken);

        using var response = await http.PostAsync("api/experiments", new StringContent(await File.ReadAllTextAsync(world.Experiment.SpecPath, Token), Encoding.UTF8, "application/yaml"), Token);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("was not sent.", problem.GetProperty("problem").GetString());
    }

    [Fact]
    public async Task A_submission_whose_files_are_not_there_names_them_and_a_file_is_taken_under_its_own_hash_only()
    {
        using var http = world.Http(world.WriteToken);
        var content = RandomNumberGenerator.GetBytes(300_000);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        var spec = await File.ReadAllTextAsync(world.Experiment.SpecPath, Token);
        var request = new { spec, inputs = new Dictionary<string, object> { ["m"] = new { is_folder = true, files = new[] { new { name = "x", sha256, length_bytes = content.Length } } } } };

        using var before = await http.PostAsJsonAsync("api/experiments", request, Token);
        using var altered = await http.PutAsync($"api/inputs/{sha256}", new ByteArrayContent(content[1..]), Token);
        var isStored = await world.Store.Stat($"inputs/files/{sha256}", Token) is not null;
        using var sent = await http.PutAsync($"api/inputs/{sha256}", new ByteArrayContent(content), Token);
        using var again = await http.PutAsync($"api/inputs/{sha256}", new ByteArrayContent(content), Token);

        Assert.Equal(HttpStatusCode.Conflict, before.StatusCode);
        Assert.Equal(sha256, (await before.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("missing").EnumerateArray().Single().GetString());
        Assert.Equal((HttpStatusCode.BadRequest, false), (altered.StatusCode, isStored));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.NoContent), (sent.StatusCode, again.StatusCode));
        Assert.Equal(content, await world.Store.ReadAllBytes($"inputs/files/{sha256}", Token));
    }

    [Fact]
    public async Task Bodies_are_limited()
    {
        using var http = world.Http(world.WriteToken);

        using var announced = new HttpRequestMessage(HttpMethod.Put, $"api/inputs/{new string('0', 64)}") { Content = new Announced(65L << 20), Headers = { ExpectContinue = true } };
        using var input = await http.SendAsync(announced, Token);
        using var small = await http.PostAsync("api/session", new StringContent(new string(' ', 2 << 20), Encoding.UTF8, "application/json"), Token);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.RequestEntityTooLarge), (input.StatusCode, small.StatusCode));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("%2e%2e")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("%2fetc%2fpasswd")]
    [InlineData("a%00b")]
    [InlineData("a%5c..%5cb")]
    [InlineData("a b")]
    [InlineData("%c0%ae%c0%ae")]
    [InlineData("ID%2f..%2f..%2fcluster.json")]
    public async Task Ids_and_keys_lead_nowhere_but_where_they_belong(string attack)
    {
        using var http = world.Http(world.WriteToken);
        var word = attack.Replace("ID", world.Id, StringComparison.Ordinal);

        foreach (var path in new[]
        {
            $"api/experiments/{word}", $"api/experiments/{word}/spec", $"api/experiments/{word}/report", $"api/experiments/{word}/events", $"api/experiments/{world.Id}/artifacts/{word}",
            $"api/experiments/{world.Id}/artifacts/runs/{word}", $"api/experiments/{world.Id}/stages/{word}/timeline", $"api/experiments/{world.Id}/stages/{word}/samples/0/0", $"{word}", $"js/{word}",
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{world.Address}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            using var response = await http.SendAsync(request, Token);
            var text = await response.Content.ReadAsStringAsync(Token);

            // A last ".." is cut together with the word before it, as by any server: what is then asked for may be there.
            Assert.True((int)response.StatusCode is >= 400 and < 500 || word is ".." or "%2e%2e", $"{path} answered {response.StatusCode}: {text[..Math.Min(200, text.Length)]}");
            Assert.DoesNotContain("root:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("process_id", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_object_of_the_store_that_no_record_of_the_experiment_names_is_nobodys()
    {
        using var http = world.Http(world.WriteToken);

        foreach (var key in new[] { "cluster.json", $"experiments/{world.Id}/spec.yaml", $"grains/run/{world.Stage(StageKind.Align).Key}.json", "probes/silo" })
        {
            using var response = await http.GetAsync(new Uri($"api/experiments/{world.Id}/artifacts/{key}", UriKind.Relative), Token);
            Assert.Equal((key, HttpStatusCode.NotFound), (key, response.StatusCode));
        }
    }

    [Fact]
    public async Task Live_events_go_on_after_the_last_one_that_a_client_had()
    {
        using var http = world.Http(world.ReadToken);
        using var all = world.Client();
        var events = await all.Events(world.Id, 0, Token);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/experiments/{world.Id}/events") { Headers = { { "Accept", "text/event-stream" }, { "Last-Event-ID", "5" } } };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        var items = await SseParser.Create(await response.Content.ReadAsStreamAsync(Token)).EnumerateAsync(Token).ToListAsync(Token);

        Assert.Equal(events.Skip(5).Select(happened => happened.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)), items.Where(item => item.EventType == "event").Select(item => item.EventId));
        Assert.Equal("status", items[0].EventType);
        Assert.Equal("end", items[^1].EventType);
    }

    [Fact]
    public async Task What_a_foreign_page_sends_is_refused_and_the_cookie_is_no_scripts_and_no_other_sites()
    {
        using var http = world.Http(world.WriteToken);

        async Task<HttpStatusCode> Cancel(string header, string value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/experiments/{world.Id}/cancel") { Headers = { { header, value } } };
            using var response = await http.SendAsync(request, Token);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.Forbidden, await Cancel("Origin", "http://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await Cancel("Origin", "null"));
        Assert.Equal(HttpStatusCode.Forbidden, await Cancel("Sec-Fetch-Site", "cross-site"));
        Assert.Equal(HttpStatusCode.Forbidden, await Cancel("Sec-Fetch-Site", "same-site"));
        Assert.Equal(HttpStatusCode.OK, await Cancel("Sec-Fetch-Site", "same-origin"));
        Assert.Equal(HttpStatusCode.OK, await Cancel("Origin", world.Address.GetLeftPart(UriPartial.Authority)));
        using var signIn = new HttpRequestMessage(HttpMethod.Post, "api/session") { Content = JsonContent.Create(new { token = world.ReadToken }), Headers = { { "X-Forwarded-Proto", "https" } } };
        using var signedIn = await http.SendAsync(signIn, Token);
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single();
        Assert.All(["httponly", "samesite=strict", "secure", "path=/"], part => Assert.Contains(part, cookie, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_report_runs_apart_from_the_API_and_every_answer_says_what_a_browser_may_do_with_it()
    {
        using var http = world.Http(world.ReadToken);

        using var report = await http.GetAsync(new Uri($"api/experiments/{world.Id}/report", UriKind.Relative), Token);
        using var list = await http.GetAsync(new Uri("api/experiments", UriKind.Relative), Token);
        using var page = await http.GetAsync(new Uri("", UriKind.Relative), Token);

        Assert.StartsWith("sandbox allow-scripts", report.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", list.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("script-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.All([report, list, page], response => Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single()));
    }

    [Fact]
    public async Task Who_asks_too_much_is_asked_to_wait_and_the_others_are_served()
    {
        var token = GmailCluster.Host.Api.ApiToken.Create("flood", GmailCluster.Host.Api.ApiScope.Read);
        await File.AppendAllTextAsync(world.TokensFile, $"{token.Line}\n", Token);
        using var flood = world.Http(token.Secret);
        using var reader = world.Http(world.ReadToken);

        var answers = await Task.WhenAll(Enumerable.Range(0, 900).Select(async _ =>
        {
            using var response = await flood.GetAsync(new Uri("api/session", UriKind.Relative), Token);
            return (response.StatusCode, response.Headers.RetryAfter?.Delta);
        }));
        using var other = await reader.GetAsync(new Uri("api/session", UriKind.Relative), Token);

        Assert.Contains((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), answers);
        Assert.Contains(answers, answer => answer.StatusCode is HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_token_is_given_and_taken_without_a_restart()
    {
        var token = GmailCluster.Host.Api.ApiToken.Create("eve", GmailCluster.Host.Api.ApiScope.Read);
        using var http = world.Http(token.Secret);
        var before = await File.ReadAllTextAsync(world.TokensFile, Token);

        var unknown = await Status(http, "GET", "api/session");
        await File.WriteAllTextAsync(world.TokensFile, $"{before}{token.Line}\n", Token);
        var given = await Status(http, "GET", "api/session");
        await File.WriteAllTextAsync(world.TokensFile, $"{before}eve read sha256:half", Token);
        var broken = await Status(http, "GET", "api/session");
        await File.WriteAllTextAsync(world.TokensFile, before, Token);
        var taken = await Status(http, "GET", "api/session");

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Unauthorized), (unknown, given, broken, taken));
    }

    private static async Task<HttpStatusCode> Status(HttpClient http, string verb, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path.TrimStart('/')) { Content = verb switch { "GET" => null, "PUT" => new ByteArrayContent([1]) { Headers = { ContentType = new("application/octet-stream") } }, _ => JsonContent.Create(new { }) } };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        return response.StatusCode;
    }

    private sealed class Announced(long length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) => await stream.WriteAsync(new byte[1024]);

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
