using System.Text.Json;
using System.Text.RegularExpressions;
using GmailCluster.Deployment.Tests.Docs;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>values.yaml, its schema and its documentation say the same, and the schema refuses what is not theirs.</summary>
public sealed partial class ValuesTests
{
    [Fact]
    public void Every_value_is_described() =>
        Assert.Empty(ChartValue.All.Where(value => value is { Default: not null, Description: null }).Select(value => value.Path));

    [Fact]
    public async Task The_readme_is_made_from_the_values() => await MadeFile.IsFresh(ChartReadme.Path, ChartReadme.Made());

    [Fact]
    public async Task The_schema_knows_the_keys_of_the_values_and_no_others()
    {
        using var schema = await Schema();

        var keys = SchemaKeys(schema.RootElement, schema.RootElement, "").Where(path => path is not "global").Order(StringComparer.Ordinal);

        // A value in one piece (a resource list, a toleration) is Kubernetes' own; below it the values file has nothing to say.
        var known = ChartValue.All.Where(value => value.Default is not null && !value.Path.StartsWith("pools", StringComparison.Ordinal)).Select(value => value.Path).ToList();
        Assert.Equal(known.Order(StringComparer.Ordinal), keys.Select(key => known.Find(path => key == path || key.StartsWith($"{path}.", StringComparison.Ordinal)) ?? key).Distinct());
    }

    // Free maps (labels, annotations) hold strings and nothing else. "global" belongs to parent charts.
    [Fact]
    public async Task No_object_in_the_schema_takes_unknown_keys()
    {
        using var schema = await Schema();

        foreach (var (path, element) in Descend(schema.RootElement, "#").Where(found => found.Path is not "#/properties/global"))
        {
            if (element.ValueKind is JsonValueKind.Object && element.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String && type.ValueEquals("object"))
            {
                Assert.True(element.TryGetProperty("additionalProperties", out var others), path);
                Assert.True(others.ValueKind is JsonValueKind.False || (others.TryGetProperty("type", out var free) && free.ValueEquals("string")), path);
            }
        }
    }

    [Theory]
    [InlineData("silos: {replicas: 2}", "silos")]
    [InlineData("silo: {replica: 2}", "replica")]
    [InlineData("silo: {replicas: two}", "replicas")]
    [InlineData("silo: {terminationGracePeriodSeconds: 30}", "terminationGracePeriodSeconds")]
    [InlineData("pools: {gpu: {gpu: 1}}", "gpu")]
    [InlineData("pools: {GPU: {gpus: 1}}", "GPU")]
    [InlineData("pools: {cpu: {resources: {limits: {memory: lots}}}}", "memory")]
    [InlineData("pools: {cpu: {tolerations: [{key: x, op: Exists}]}}", "op")]
    [InlineData("pools: {cpu: {extraEnv: [{name: A, valueFrom: {secret: {name: b}}}]}}", "secret")]
    [InlineData("store: {url: 's3://bucket'}", "url")]
    [InlineData("store: {connectionString: {value: AccountKey}}", "value")]
    [InlineData("redis: {existing: {address: 'redis:6379,password=secret'}}", "address")]
    [InlineData("cluster: {secret: {value: hunter2}}", "value")]
    [InlineData("monitoring: {alerts: {enabled: true}}", "alerts")]
    [InlineData("networkPolicy: {apiClients: [{nameSpace: web}]}", "nameSpace")]
    [InlineData("api: {ingress: {hosts: [a.example]}}", "hosts")]
    public async Task A_value_that_is_none_of_ours_is_refused_by_name(string values, string named)
    {
        var run = await HelmChart.TryWith(values);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("values don't meet the specifications of the schema", run.Error, StringComparison.Ordinal);
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_is_missing_is_told_at_once_with_what_to_do()
    {
        var run = await HelmChart.Template("trial", HelmChart.Folder);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("image.repository is not set. Name the image", run.Error, StringComparison.Ordinal);
        Assert.Contains("cluster.secret.existingSecret is not set. Make a secret", run.Error, StringComparison.Ordinal);
        Assert.Contains("store.url is not set. Set azure://", run.Error, StringComparison.Ordinal);
        Assert.Contains("redis.bundled.enabled are set. Set one.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis: {bundled: {enabled: true}}", "2 of redis.existing.address, redis.existing.connection.existingSecret and redis.bundled.enabled are set. Set one.")]
    [InlineData("store: {url: 'file:///data'}", "store.existingClaim is not set")]
    [InlineData("store: {url: 'file:///data', existingClaim: disk}", "store.existingClaim is mounted at /store, but store.url is 'file:///data'")]
    [InlineData("{workloadIdentity: {enabled: true, clientId: 00000000-0000-0000-0000-000000000000}, store: {connectionString: {existingSecret: s}}}", "exclude one another")]
    [InlineData("workloadIdentity: {enabled: true}", "workloadIdentity.clientId is not set")]
    [InlineData("api: {tokens: {existingSecret: ''}}", "api.tokens.existingSecret is not set")]
    [InlineData("api: {enabled: false, ingress: {enabled: true, host: a.example}}", "api.ingress.enabled is set, but api.enabled is not")]
    [InlineData("pools: {cpu: null}", "pools is empty")]
    [InlineData("pools: {cpu: {autoscaling: {kind: keda}}}", "pools.cpu: autoscaling.prometheusUrl is not set")]
    [InlineData("pools: {cpu: {autoscaling: {kind: hpa, minReplicas: 5, maxReplicas: 2}}}", "pools.cpu: autoscaling.minReplicas is above maxReplicas")]
    public async Task Values_that_contradict_one_another_are_refused(string values, string problem)
    {
        var run = await HelmChart.TryWith(values);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_value_and_no_sample_holds_a_key()
    {
        foreach (var file in HelmChart.Samples.Select(HelmChart.Sample).Append(Path.Combine(HelmChart.Folder, "values.yaml")))
        {
            Assert.DoesNotMatch(Credential(), await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        }
    }

    [GeneratedRegex(@"(?i)AccountKey|SharedAccessSignature|sig=|password=\S|-----BEGIN")]
    private static partial Regex Credential();

    private static async Task<JsonDocument> Schema() =>
        JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(HelmChart.Folder, "values.schema.json"), TestContext.Current.CancellationToken));

    private static IEnumerable<string> SchemaKeys(JsonElement root, JsonElement node, string path)
    {
        if (node.TryGetProperty("$ref", out var reference))
        {
            node = root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]);
        }

        return node.TryGetProperty("properties", out var properties)
            ? properties.EnumerateObject().SelectMany(key => SchemaKeys(root, key.Value, path.Length == 0 ? key.Name : $"{path}.{key.Name}"))
            : path is "pools" ? [] : [path];
    }

    private static IEnumerable<(string Path, JsonElement Element)> Descend(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(key => Descend(key.Value, $"{path}/{key.Name}")).Prepend((path, element)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany((item, index) => Descend(item, $"{path}/{index}")),
        _ => [],
    };
}
