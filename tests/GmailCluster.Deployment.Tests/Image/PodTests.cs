using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using GmailCluster.Deployment.Tests.Chart;
using GmailCluster.Deployment.Tests.Processes;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Image;

/// <summary>What the chart puts into a pod, run in the image's root: arguments, environment, mounted files and the script of <c>helm test</c>.</summary>
public sealed class PodTests(ImageRoot image)
{
    private const string Password = "a-password-of-redis";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private const string Values =
        """
        store: {url: "file:///store", existingClaim: disk}
        redis: {existing: {address: ''}, bundled: {enabled: true, password: {existingSecret: cluster}}}
        tls: {existingSecret: certificate}
        """;

    [Fact]
    public async Task A_silo_and_the_API_become_ready_pass_helm_test_and_leave_when_told_to()
    {
        var rendered = await HelmChart.With(Values);
        using var redis = await RedisServer.Start(Password);
        using var store = new OpenFolder();
        using var secret = new OpenFolder();
        await File.WriteAllTextAsync(Path.Combine(secret.Path, "secret"), new string('s', 64), TestContext.Current.CancellationToken);
        var silo = rendered.Silos("cpu").Containers[0];
        using var certificate = new OpenFolder();
        await Certificates.Write(certificate.Path, silo.Env.Single(variable => variable.Name == "GMAILCLUSTER_TLS_NAME").Value);
        (string, string)[] mounts = [(store.Path, "/store"), (secret.Path, "/etc/gmailcluster/cluster"), (certificate.Path, "/etc/gmailcluster/tls")];
        var environment = Environment(silo, redis.Port);
        var health = environment.Single(variable => variable.Key == "GMAILCLUSTER_HEALTH_PORT").Value;

        using var tokens = new OpenFolder();
        var token = await image.Run(["api", "token", "ann", "--scope", "write"]);
        await File.WriteAllTextAsync(Path.Combine(tokens.Path, "tokens"), token.Out, TestContext.Current.CancellationToken);
        var front = rendered.Pods.Single(pod => pod.Owner.EndsWith("-api", StringComparison.Ordinal)).Spec.Containers[0];
        var port = RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);
        var frontEnvironment = Environment(front, redis.Port).Select(
            variable => variable.Key == "GMAILCLUSTER_API_LISTEN" ? new(variable.Key, variable.Value.Replace("8080", port, StringComparison.Ordinal)) : variable);

        using var process = image.Start(silo.Args, environment, mounts);
        using var api = image.Start(front.Args, frontEnvironment, [.. mounts, (tokens.Path, "/etc/gmailcluster/api")]);
        try
        {
            // The logs are read to their ends, so that nobody waits for a reader.
            var (joined, connected) = (NewSignal(), NewSignal());
            var (output, error) = (ReadOut(process.StandardOutput, " joined cluster ", joined), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            var (apiOutput, apiError) = (api.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), ReadOut(api.StandardError, "Connected to cluster ", connected));
            Assert.True(await joined.Task.WaitAsync(Limit, TestContext.Current.CancellationToken), $"The silo ended.\n{(process.HasExited ? await error : "")}");
            Assert.True(await connected.Task.WaitAsync(Limit, TestContext.Current.CancellationToken), $"The API ended.\n{(api.HasExited ? await apiError : "")}");

            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{health}") };
            foreach (var probe in new[] { silo.StartupProbe, silo.ReadinessProbe, silo.LivenessProbe })
            {
                Assert.True((await client.GetAsync(new Uri(probe.HttpGet.Path, UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode, probe.HttpGet.Path);
            }

            Assert.Contains("# TYPE", await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);

            using var outside = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            foreach (var probe in new[] { front.StartupProbe, front.ReadinessProbe, front.LivenessProbe })
            {
                Assert.True((await outside.GetAsync(new Uri(probe.HttpGet.Path, UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode, probe.HttpGet.Path);
            }

            var silos = new Uri("/api/cluster/silos", UriKind.Relative);
            Assert.Equal(HttpStatusCode.Unauthorized, (await outside.GetAsync(silos, TestContext.Current.CancellationToken)).StatusCode);
            outside.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Error.Trim());
            Assert.Contains("\"phase\":\"active\"", await outside.GetStringAsync(silos, TestContext.Current.CancellationToken), StringComparison.Ordinal);

            var test = await HelmTest(rendered, environment, health, port, mounts);
            Assert.True(test.ExitCode == 0, test.Out + test.Error);
            Assert.Contains($":{health}/readyz: 200", test.Out, StringComparison.Ordinal);
            Assert.Contains($":{port}/readyz: 200", test.Out, StringComparison.Ordinal);
            Assert.Contains("ok       Redis", test.Out, StringComparison.Ordinal);
            Assert.Contains("ok       TLS chain", test.Out, StringComparison.Ordinal);

            await ImageRoot.Signal(api, "TERM");
            await api.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
            Assert.True(api.ExitCode == 0, await apiError);
            Assert.DoesNotContain(token.Error.Trim(), await apiOutput + await apiError, StringComparison.Ordinal);

            await ImageRoot.Signal(process, "TERM");
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(
                TimeSpan.FromSeconds((double)rendered.Silos("cpu").TerminationGracePeriodSeconds!), TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await error);
            Assert.Contains("Left.", await output, StringComparison.Ordinal);
            Assert.DoesNotContain(Password, await output + await error, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var left in new[] { api, process }.Where(started => !started.HasExited))
            {
                await ImageRoot.Signal(left, "KILL");
            }
        }
    }

    [Fact]
    public async Task Helm_test_fails_where_no_silo_is_ready()
    {
        var rendered = await HelmChart.With(Values);
        var health = RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);

        var test = await HelmTest(rendered, [], health, health, []);

        Assert.NotEqual(0, test.ExitCode);
    }

    [Theory]
    [InlineData("silo")]
    [InlineData("api")]
    public async Task The_image_has_the_commands_that_the_chart_runs(string command) =>
        Assert.Contains($"\n  {command} ", (await image.Run(["--help"])).Text, StringComparison.Ordinal);

    // Every variable that docs/operate/configuration.md gives a silo is set by some value of the chart (KubeRay's chart reaches 19 of 35: kuberay#5196).
    [Fact]
    public async Task The_chart_reaches_every_variable_of_a_silo_and_sets_no_other()
    {
        var page = await File.ReadAllTextAsync(RepositoryRoot.At("docs", "operate", "configuration.md"), TestContext.Current.CancellationToken);
        var documented = Variables(page, "`gmailcluster silo`", "All").ToHashSet();

        var rendered = await HelmChart.With("tls: {existingSecret: certs}\nstore: {connectionString: {existingSecret: account}}\nsilo: {slots: 2}");

        var set = rendered.Silos("cpu").Containers[0].Env.Select(variable => variable.Name).Where(name => name.StartsWith("GMAILCLUSTER_", StringComparison.Ordinal)).ToHashSet();
        // For debugging by hand: extraEnv.
        Assert.Equal(documented.Except(["GMAILCLUSTER_DEBUG"]).Order(StringComparer.Ordinal), set.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_chart_reaches_every_variable_of_the_API()
    {
        var page = await File.ReadAllTextAsync(RepositoryRoot.At("docs", "operate", "configuration.md"), TestContext.Current.CancellationToken);

        var rendered = await HelmChart.With("tls: {existingSecret: certs}\nstore: {connectionString: {existingSecret: account}}");

        var set = rendered.Pods.Single(pod => pod.Owner.EndsWith("-api", StringComparison.Ordinal)).Spec.Containers[0].Env.Select(variable => variable.Name);
        // For debugging by hand, and a folder that only whoever mounts it knows: extraEnv.
        Assert.Empty(Variables(page, "`gmailcluster api`", "All").Except(["GMAILCLUSTER_DEBUG", "GMAILCLUSTER_API_INPUTS"]).Except(set));
    }

    private static IEnumerable<string> Variables(string page, params string[] sections) => page.Split("\n## ")
        .Where(section => sections.Contains(section.Split('\n')[0]))
        .SelectMany(section => section.Split('\n')).Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .SelectMany(row => row.Split('|')[1..3]).SelectMany(cell => cell.Split('`').Where((_, index) => index % 2 == 1))
        .SelectMany(name => name.StartsWith('_') ? [$"GMAILCLUSTER_TLS{name}"] : name.StartsWith("GMAILCLUSTER_", StringComparison.Ordinal) ? new[] { name.Split('=')[0] } : []);

    // As Kubernetes makes it of the manifest, with this test's ports, address and password.
    private static List<KeyValuePair<string, string>> Environment(V1Container container, int redisPort)
    {
        var made = new List<KeyValuePair<string, string>>();
        foreach (var variable in container.Env)
        {
            var value = variable switch
            {
                { Name: "GMAILCLUSTER_REDIS_PASSWORD" } => Password,
                { ValueFrom.FieldRef.FieldPath: "status.podIP" } => "127.0.0.1",
                { ValueFrom.ResourceFieldRef: not null } => "1",
                { Name: var name } when name.EndsWith("_PORT", StringComparison.Ordinal) => RedisServer.FreePort().ToString(CultureInfo.InvariantCulture),
                { Value: not null } => variable.Value.Replace("trial-gmailcluster-redis:6379", $"127.0.0.1:{redisPort}", StringComparison.Ordinal),
                _ => throw new InvalidOperationException($"{variable.Name} comes from somewhere unknown."),
            };
            made.Add(new(variable.Name, made.Aggregate(value, (text, known) => text.Replace($"$({known.Key})", known.Value, StringComparison.Ordinal))));
        }

        return made;
    }

    private async Task<Command> HelmTest(Rendering rendered, IEnumerable<KeyValuePair<string, string>> environment, string healthPort, string apiPort, (string, string)[] mounts)
    {
        var pod = rendered.One<V1Pod>("-test").Spec.Containers[0];
        var script = Assert.Single(pod.Args)
            .Replace("trial-gmailcluster-ready", "127.0.0.1", StringComparison.Ordinal).Replace("8081", healthPort, StringComparison.Ordinal)
            .Replace("trial-gmailcluster-api 80 ", $"127.0.0.1 {apiPort} ", StringComparison.Ordinal);
        return await image.RunProgram([.. pod.Command, script], environment, mounts);
    }

    private static TaskCompletionSource<bool> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<string> ReadOut(StreamReader reader, string sign, TaskCompletionSource<bool> seen)
    {
        var text = new StringWriter();
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            await text.WriteLineAsync(line);
            if (line.Contains(sign, StringComparison.Ordinal))
            {
                seen.TrySetResult(true);
            }
        }

        seen.TrySetResult(false);
        return text.ToString();
    }
}
