using System.Text.Json;
using System.Text.RegularExpressions;
using GmailCluster.Deployment.Tests.Tools;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>Alerts, their runbooks, and dashboards.</summary>
public sealed partial class MonitoringTests
{
    private const string All =
        """
        api: {enabled: true, tokens: {existingSecret: t}}
        monitoring: {serviceMonitor: {enabled: true}, rules: {enabled: true}, dashboards: {enabled: true}}
        """;

    private static readonly string Runbooks = RepositoryRoot.At("docs", "operate", "runbooks");

    [Fact]
    public async Task Every_alert_has_a_runbook_and_every_runbook_an_alert()
    {
        var alerts = await Alerts(All);

        Assert.Equal(
            alerts.Select(rule => rule.Alert).Order(StringComparer.Ordinal),
            Directory.GetFiles(Runbooks, "*.md").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));
        Assert.All(alerts, rule => Assert.Equal($"docs/operate/runbooks/{rule.Alert}.md", rule.Annotations["runbook_url"]));
    }

    [Fact]
    public async Task Every_runbook_says_what_it_means_where_to_look_and_what_to_do()
    {
        foreach (var file in Directory.GetFiles(Runbooks, "*.md"))
        {
            var page = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            Assert.StartsWith($"# {Path.GetFileNameWithoutExtension(file)}\n", page, StringComparison.Ordinal);
            Assert.All(new[] { "\n## What it means\n", "\n## Look\n", "\n## Do\n" }, part => Assert.True(page.Contains(part, StringComparison.Ordinal), $"{file}:{part}"));
        }
    }

    [Fact]
    public async Task Every_alert_says_how_bad_it_is_and_what_in_words() => Assert.All(await Alerts(All), rule =>
    {
        Assert.Contains(rule.Labels["severity"], new[] { "critical", "warning", "info" });
        Assert.NotEmpty(rule.Annotations["summary"]);
        Assert.Matches(@"^\d+m$", rule.For);
    });

    [Theory]
    [InlineData("", "namespace=\"research\"")]
    [InlineData("k8s_namespace_name=\"x\",job=~\"a|b\"", "k8s_namespace_name=\"x\",job=~\"a|b\"")]
    public async Task Every_alert_is_promql_about_this_release(string selector, string matcher)
    {
        var alerts = await Alerts($"monitoring: {{rules: {{enabled: true, selector: '{selector}'}}}}");

        // Kubernetes' own series always have the namespace.
        Assert.All(alerts, rule => Assert.Contains(rule.Alert is "GmailClusterSilosMissing" ? "namespace=\"research\"" : matcher, rule.Expr, StringComparison.Ordinal));
        Assert.DoesNotContain(alerts, rule => rule.Expr.Contains('$', StringComparison.Ordinal));
        Assert.Equal("", (await DeploymentTools.CheckPromql(alerts.Select(rule => rule.Expr))).Out);
    }

    [Fact]
    public async Task What_is_not_promql_is_noticed()
    {
        var check = await DeploymentTools.CheckPromql(["sum(rate(a[5m]))", "sum by (b (rate(a[5m]))"]);

        Assert.Equal(1, check.ExitCode);
        Assert.Contains("of: sum by (b (rate(a[5m]))", check.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_and_dashboards_know_only_metrics_and_labels_that_are_documented()
    {
        var page = await File.ReadAllTextAsync(RepositoryRoot.At("docs", "operate", "telemetry.md"), TestContext.Current.CancellationToken);
        var known = Quoted().Matches(page).Select(match => match.Groups[1].Value.Replace('.', '_')).ToHashSet();
        var expressions = (await Queries()).Concat((await Alerts(All)).Select(rule => rule.Expr)).Concat(await ScalerQueries());

        var used = expressions.SelectMany(expression => Name().Matches(expression)).Select(match => Histogram().Replace(match.Value, "")).Distinct();

        Assert.DoesNotContain(used, name => !known.Contains(name));
        Assert.Contains("gmailcluster_run_goodput_ratio", known);
    }

    [Fact]
    public async Task Dashboards_are_config_maps_that_grafana_can_read()
    {
        var maps = (await HelmChart.With(All)).All<V1ConfigMap>();

        Assert.Equal(Directory.GetFiles(Path.Combine(HelmChart.Folder, "dashboards")).Length, maps.Count);
        Assert.All(maps, map =>
        {
            Assert.Equal("1", map.Metadata.Labels["grafana_dashboard"]);
            using var dashboard = JsonDocument.Parse(Assert.Single(map.Data).Value);
            var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
            Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
            Assert.Equal(panels.Count, panels.Select(Place).Distinct().Count());
            Assert.All(panels, panel => Assert.InRange(Place(panel).X + panel.GetProperty("gridPos").GetProperty("w").GetInt32(), 1, 24));
            Assert.All(panels.Where(IsPlot), panel => Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString()));
        });
    }

    [Fact]
    public async Task Every_panel_asks_in_promql_for_the_namespace_chosen()
    {
        var queries = await Queries();

        Assert.NotEmpty(queries);
        Assert.All(queries, query => Assert.Contains("namespace=~\"$namespace\"", query, StringComparison.Ordinal));
        var filled = queries.Select(query => query.Replace("$__rate_interval", "5m", StringComparison.Ordinal));
        Assert.Equal("", (await DeploymentTools.CheckPromql(filled)).Out);
    }

    [Fact]
    public async Task Prometheus_scrapes_ports_that_services_have()
    {
        var rendered = await HelmChart.With(All);

        var monitor = rendered.One<CustomResources.ServiceMonitor>();
        var parts = monitor.Spec.Selector.MatchExpressions.Single().Values;
        var services = rendered.All<V1Service>().Where(service => parts.Contains(service.Metadata.Labels["app.kubernetes.io/component"])).ToList();
        Assert.Equal(
            services.SelectMany(service => service.Spec.Ports).Select(port => port.Name).Where(name => name is not "gateway").Order(),
            monitor.Spec.Endpoints.Select(endpoint => endpoint.Port).Order());
    }

    private static async Task<List<CustomResources.Rule>> Alerts(string values) =>
        (await HelmChart.With(values)).One<CustomResources.PrometheusRule>().Spec.Groups.Single().Rules;

    private static async Task<IEnumerable<string>> ScalerQueries() =>
        (await HelmChart.With("pools: {cpu: {autoscaling: {kind: keda, prometheusUrl: 'http://p'}}}")).One<CustomResources.ScaledObject>()
        .Spec.Triggers.Select(trigger => trigger.Metadata["query"]);

    private static async Task<List<string>> Queries()
    {
        var found = new List<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(HelmChart.Folder, "dashboards")))
        {
            using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
            found.AddRange(dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(IsPlot)
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!));
        }

        return found;
    }

    private static bool IsPlot(JsonElement panel) => !panel.GetProperty("type").ValueEquals("row");

    private static (int X, int Y) Place(JsonElement panel) =>
        (panel.GetProperty("gridPos").GetProperty("x").GetInt32(), panel.GetProperty("gridPos").GetProperty("y").GetInt32());

    [GeneratedRegex("`([a-z_.]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\b(gmailcluster|network|error)_[a-z_]+\b")]
    private static partial Regex Name();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Histogram();
}
