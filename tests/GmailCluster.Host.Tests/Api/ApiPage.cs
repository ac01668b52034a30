using System.Globalization;
using System.Text;
using System.Text.Json;

namespace GmailCluster.Host.Tests.Api;

/// <summary>The page docs/api.md: words written here, tables made from the OpenAPI document.</summary>
internal static class ApiPage
{
    public static string Markdown(JsonElement document)
    {
        var page = new StringBuilder(Head);
        var operations = document.GetProperty("paths").EnumerateObject().Where(path => path.Name.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(path => path.Value.EnumerateObject().Select(verb => (Path: path.Name, Verb: verb.Name.ToUpperInvariant(), Operation: verb.Value)));
        foreach (var group in operations.GroupBy(operation => operation.Operation.GetProperty("tags")[0].GetString()!))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {group.Key}\n\n| request | parameters | answer | what |\n| --- | --- | --- | --- |\n");
            foreach (var (path, verb, operation) in group)
            {
                page.Append(CultureInfo.InvariantCulture, $"| `{verb} {path}` | {Parameters(operation)} | {Answer(operation)} | {operation.GetProperty("summary").GetString()} |\n");
            }
        }

        page.Append("\n## Bodies\n");
        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject().Where(schema => schema.Value.TryGetProperty("properties", out _) && schema.Name != "ProblemDetails"))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {schema.Name}\n\n| member | type | |\n| --- | --- | --- |\n");
            var required = schema.Value.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!).ToHashSet() : [];
            foreach (var member in schema.Value.GetProperty("properties").EnumerateObject())
            {
                page.Append(CultureInfo.InvariantCulture, $"| `{member.Name}` | {TypeOf(member.Value)} | {(required.Contains(member.Name) ? "" : "may be missing")} |\n");
            }
        }

        page.Append("\n## Words\n\n| type | one of |\n| --- | --- |\n");
        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject().Where(schema => schema.Value.TryGetProperty("enum", out _)))
        {
            page.Append(CultureInfo.InvariantCulture, $"| {schema.Name} | {string.Join(", ", schema.Value.GetProperty("enum").EnumerateArray().Where(word => word.ValueKind is JsonValueKind.String).Select(word => $"`{word.GetString()}`"))} |\n");
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    private static string Parameters(JsonElement operation) => !operation.TryGetProperty("parameters", out var parameters) ? "" : string.Join(", ", parameters.EnumerateArray()
        .Where(parameter => parameter.GetProperty("in").GetString() == "query")
        .Select(parameter => $"`{parameter.GetProperty("name").GetString()}`{(parameter.GetProperty("schema").TryGetProperty("default", out var otherwise) ? $" ({otherwise})" : "")}"));

    private static string Answer(JsonElement operation) => string.Join("; ", operation.GetProperty("responses").EnumerateObject().Where(answer => answer.Name[0] == '2').Select(answer =>
        answer.Name + (answer.Value.TryGetProperty("content", out var content) ? $" {string.Join(", ", content.EnumerateObject().Select(Content))}" : "")));

    private static string Content(JsonProperty content) => content.Name is "application/json" && content.Value.TryGetProperty("schema", out var schema) ? TypeOf(schema) : $"`{content.Name}`";

    private static string TypeOf(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            return reference.GetString()!.Split('/')[^1];
        }

        foreach (var either in new[] { "oneOf", "anyOf" })
        {
            if (schema.TryGetProperty(either, out var choices))
            {
                return string.Join(" or ", choices.EnumerateArray().Select(TypeOf).Where(type => type != "null").Distinct());
            }
        }

        var type = !schema.TryGetProperty("type", out var named) ? "any"
            : named.ValueKind is JsonValueKind.Array ? string.Join(" or ", named.EnumerateArray().Select(word => word.GetString()).Where(word => word is not "null"))
            : named.GetString()!;
        return type switch
        {
            "array" => $"list of {TypeOf(schema.GetProperty("items"))}",
            "object" when schema.TryGetProperty("additionalProperties", out var values) && values.ValueKind is JsonValueKind.Object => $"object of {TypeOf(values)}",
            "string" when schema.TryGetProperty("format", out var format) => format.GetString()!,
            _ => type,
        };
    }

    private const string Head =
        """
        # The API

        `gmailcluster api` serves experiments over HTTP, and [the dashboard](dashboard.md) that uses them. Its OpenAPI document is at `/openapi.json`;
        the tables below are made from it. [Configuration](operate/configuration.md#gmailcluster-api) lists the options.

            $ gmailcluster api
            The API and the dashboard are at http://127.0.0.1:8080/ on store .gmailcluster; whoever is on this machine is let in.

        For others than this machine it wants tokens, and refuses to start without:

            $ gmailcluster api token ann --scope write >> tokens
            q0r8…                                     (to standard error: ann's token, which is kept nowhere)
            $ gmailcluster api --listen 0.0.0.0:8080 --tokens-file tokens

        The file holds hashes and is read again when it changes. Scope `read` is enough for GET, the rest needs `write`. It speaks HTTP: put a proxy with
        TLS before it where the network is not yours.

        Under load (50 experiments at once, 100 watchers, two of three silos killed, all on two cores) half of the answers begin within 3 ms and 99 % within 1.1 to 1.8 s, without an error;
        [performance](performance.md#many-at-once) has the figures.

        ## From the command line

        `submit`, `status`, `watch`, `logs`, `cancel`, `resume` and `results` work through it with `--api URL --token-file FILE`, or with `GMAILCLUSTER_API` and
        `GMAILCLUSTER_API_TOKEN_FILE` in the environment. They say the same as within the cluster, and end with the same exit codes.

            $ export GMAILCLUSTER_API=https://lab.example GMAILCLUSTER_API_TOKEN_FILE=~/lab-token
            $ gmailcluster submit samples/emoji/quick.yaml --watch

        ## From elsewhere

            $ curl -H "Authorization: Bearer $TOKEN" $API/api/experiments?phase=running
            $ curl -H "Authorization: Bearer $TOKEN" -H 'Accept: text/event-stream' $API/api/experiments/emoji-quick-364815b6/events

        Live events are server-sent events: `status` (an ExperimentView) whenever it changes, `event` (an EventView, its number as id), `problem` (in words; it goes
        on), and `end`. `Last-Event-ID`, or `after`, goes on after an event.

        To submit, post the spec and what each path in it stands for: names, lengths and SHA-256 of files. Files that the store lacks are answered with 409 and their
        hashes in `missing`; send each with PUT and post again. While they are imported the answer is 202: post again until it is 201.

            {"spec": "name: mine\n...", "inputs": {"models/clip": {"is_folder": true, "files": [{"name": "config.json", "sha256": "9f86…", "length_bytes": 512}]},
                                                    "train.csv": {"is_folder": false, "files": [{"name": "train.csv", "sha256": "60ae…", "length_bytes": 4096},
                                                                                                {"name": "pictures/1.png", "sha256": "fd61…", "length_bytes": 900}]}}}

        A table's pictures lie beside it, or are those of its `images` folder. Weights are never brought to the API's machine: their hashes are enough for planning.

        What is refused is `application/problem+json`: `detail` for people; the same in parts, `where`, `problem` and `remedy`; and `exit_code`, as the command line has it.

        ## Requests

        """;
}
