using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>What silos and API need around them: store, Redis, secrets, identity, network.</summary>
public sealed class SurroundingsTests
{
    [Fact]
    public async Task The_cluster_secret_is_a_file_and_never_a_variable()
    {
        var silo = (await HelmChart.With("cluster: {secret: {existingSecret: mine, key: word}}")).Silos("cpu");

        var volume = silo.Volumes.Single(found => found.Name == "cluster-secret").Secret;
        Assert.Equal(("mine", "word"), (volume.SecretName, Assert.Single(volume.Items).Key));
        Assert.Equal("/etc/gmailcluster/cluster/secret", Variable(silo, "GMAILCLUSTER_SECRET_FILE").Value);
    }

    [Fact]
    public async Task The_cluster_id_is_of_namespace_and_release()
    {
        Assert.Equal("research-trial-gmailcluster", Variable((await HelmChart.With("")).Silos("cpu"), "GMAILCLUSTER_CLUSTER_ID").Value);
        Assert.Equal("lab", Variable((await HelmChart.With("cluster: {id: lab}")).Silos("cpu"), "GMAILCLUSTER_CLUSTER_ID").Value);
    }

    [Fact]
    public async Task An_existing_redis_is_an_address_or_a_secret()
    {
        Assert.Equal("redis:6379", Variable((await HelmChart.With("")).Silos("cpu"), "GMAILCLUSTER_REDIS").Value);

        var secret = await HelmChart.With("redis: {existing: {address: '', connection: {existingSecret: r, key: k}}}");
        Assert.Equal("r", Variable(secret.Silos("cpu"), "GMAILCLUSTER_REDIS").ValueFrom.SecretKeyRef.Name);
        Assert.DoesNotContain(secret.All<V1StatefulSet>(), set => set.Metadata.Name.EndsWith("-redis", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_bundled_redis_keeps_membership_and_takes_its_password_from_a_secret()
    {
        var rendered = await HelmChart.With("redis: {existing: {address: ''}, bundled: {enabled: true, password: {existingSecret: p}}}");

        var redis = rendered.One<V1StatefulSet>("-redis").Spec;
        Assert.Contains("$(REDISCLI_AUTH)", redis.Template.Spec.Containers[0].Args);
        Assert.Equal(["--appendonly", "yes"], redis.Template.Spec.Containers[0].Args.SkipWhile(argument => argument != "--appendonly").Take(2));
        Assert.Equal("data", Assert.Single(redis.VolumeClaimTemplates).Metadata.Name);
        var silo = rendered.Silos("cpu");
        Assert.Equal("trial-gmailcluster-redis:6379,password=$(GMAILCLUSTER_REDIS_PASSWORD)", Variable(silo, "GMAILCLUSTER_REDIS").Value);
        // $(NAME) takes only variables that stand before.
        var names = silo.Containers[0].Env.Select(variable => variable.Name).ToList();
        Assert.True(names.IndexOf("GMAILCLUSTER_REDIS_PASSWORD") < names.IndexOf("GMAILCLUSTER_REDIS"));
    }

    [Fact]
    public async Task Workload_identity_is_one_block()
    {
        var rendered = await HelmChart.With(
            "workloadIdentity: {enabled: true, clientId: 11111111-1111-1111-1111-111111111111, tenantId: 22222222-2222-2222-2222-222222222222}");

        var account = rendered.One<V1ServiceAccount>();
        Assert.Equal("11111111-1111-1111-1111-111111111111", account.Metadata.Annotations["azure.workload.identity/client-id"]);
        Assert.Equal("22222222-2222-2222-2222-222222222222", account.Metadata.Annotations["azure.workload.identity/tenant-id"]);
        var template = rendered.One<V1StatefulSet>().Spec.Template;
        Assert.Equal("true", template.Metadata.Labels["azure.workload.identity/use"]);
        Assert.Equal(account.Metadata.Name, template.Spec.ServiceAccountName);
        Assert.DoesNotContain(template.Spec.Containers[0].Env, variable => variable.Name.Contains("CONNECTION", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_string_is_a_file_and_never_a_variable()
    {
        var silo = (await HelmChart.With("store: {connectionString: {existingSecret: mine, key: text}}")).Silos("cpu");

        var volume = silo.Volumes.Single(found => found.Name == "store-connection").Secret;
        Assert.Equal(("mine", "text", "connection"), (volume.SecretName, Assert.Single(volume.Items).Key, volume.Items[0].Path));
        Assert.Equal("/etc/gmailcluster/store/connection", Variable(silo, "GMAILCLUSTER_STORE_CONNECTION_FILE").Value);
        Assert.Equal("/etc/gmailcluster/store", silo.Containers[0].VolumeMounts.Single(mount => mount.Name == "store-connection").MountPath);
    }

    [Fact]
    public async Task A_service_account_of_others_is_used_and_not_made()
    {
        var rendered = await HelmChart.With("serviceAccount: {create: false, name: theirs}");

        Assert.Empty(rendered.All<V1ServiceAccount>());
        Assert.Equal("theirs", rendered.Silos("cpu").ServiceAccountName);
    }

    [Fact]
    public async Task Tls_is_three_files_of_one_mounted_secret()
    {
        var rendered = await HelmChart.With("{tls: {existingSecret: certs}, api: {enabled: true, tokens: {existingSecret: t}}}");

        // The API is a client of the silos' gateways.
        Assert.All([rendered.Silos("cpu"), rendered.One<V1Deployment>("-api").Spec.Template.Spec], pod =>
        {
            Assert.Equal("certs", pod.Volumes.Single(volume => volume.Name == "tls").Secret.SecretName);
            var mount = pod.Containers[0].VolumeMounts.Single(mount => mount.Name == "tls");
            Assert.Equal(("/etc/gmailcluster/tls", null, true), (mount.MountPath, mount.SubPath, mount.ReadOnlyProperty)); // a file mounted alone is not rotated
            Assert.Equal("/etc/gmailcluster/tls/tls.crt", Variable(pod, "GMAILCLUSTER_TLS_CERT").Value);
            Assert.Equal("/etc/gmailcluster/tls/tls.key", Variable(pod, "GMAILCLUSTER_TLS_KEY").Value);
            Assert.Equal("/etc/gmailcluster/tls/ca.crt", Variable(pod, "GMAILCLUSTER_TLS_CA").Value);
            // Pods' addresses are not known when a certificate is made.
            Assert.Equal("trial-gmailcluster-silos.research.svc", Variable(pod, "GMAILCLUSTER_TLS_NAME").Value);
        });
    }

    [Fact]
    public async Task Without_tls_nothing_of_it_is_there() =>
        Assert.DoesNotContain("tls", (await HelmChart.With("")).Text, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task Only_silos_reach_the_data_plane_and_only_monitoring_the_metrics()
    {
        var rendered = await HelmChart.With(
            "{networkPolicy: {monitoringNamespace: watch, egressPorts: [443]}, api: {enabled: true, tokens: {existingSecret: t}}}");

        var ingress = rendered.One<V1NetworkPolicy>("-silo").Spec.Ingress;
        Assert.Equal(["silo"], Callers(ingress, "data"));
        Assert.Equal(["silo"], Callers(ingress, "silo"));
        Assert.Equal(["silo", "api"], Callers(ingress, "gateway"));
        Assert.Equal(["test", "namespace watch"], Callers(ingress, "health"));
    }

    [Fact]
    public async Task Pods_leave_only_for_names_their_own_and_the_ports_listed()
    {
        var rendered = await HelmChart.With("networkPolicy: {egressPorts: [443, 6380]}");

        var anywhere = rendered.One<V1NetworkPolicy>("-silo").Spec.Egress.Where(rule => rule.To is null).SelectMany(rule => rule.Ports).Select(port => port.Port.Value);
        Assert.Equal(["53", "53", "443", "6380"], anywhere);
    }

    [Fact]
    public async Task The_bundled_redis_is_reached_by_the_release_alone_and_reaches_nobody()
    {
        var policy = (await HelmChart.With("redis: {existing: {address: ''}, bundled: {enabled: true}}")).One<V1NetworkPolicy>("-redis").Spec;

        Assert.Equal(["silo", "api", "test"], Assert.Single(Assert.Single(policy.Ingress).FromProperty).PodSelector.MatchExpressions.Single().Values);
        Assert.Contains("Egress", policy.PolicyTypes);
        Assert.Null(policy.Egress);
    }

    [Fact]
    public async Task Policies_can_be_left_to_others() =>
        Assert.Empty((await HelmChart.With("networkPolicy: {enabled: false}")).All<V1NetworkPolicy>());

    [Fact]
    public async Task Telemetry_goes_where_it_is_told_with_the_pods_name()
    {
        var silo = (await HelmChart.With("telemetry: {otlp: {endpoint: 'http://collector:4317', headers: {existingSecret: h}}}")).Silos("cpu");

        Assert.Equal("http://collector:4317", Variable(silo, "OTEL_EXPORTER_OTLP_ENDPOINT").Value);
        Assert.Equal("h", Variable(silo, "OTEL_EXPORTER_OTLP_HEADERS").ValueFrom.SecretKeyRef.Name);
        Assert.Contains("k8s.pod.name=$(GMAILCLUSTER_POD_NAME)", Variable(silo, "OTEL_RESOURCE_ATTRIBUTES").Value, StringComparison.Ordinal);
        Assert.DoesNotContain("OTEL_", (await HelmChart.With("")).Text, StringComparison.Ordinal);
    }

    private static V1EnvVar Variable(V1PodSpec pod, string name) => Assert.Single(pod.Containers[0].Env, variable => variable.Name == name);

    private static IEnumerable<string> Callers(IEnumerable<V1NetworkPolicyIngressRule> rules, string port) => rules
        .Where(rule => rule.Ports.Any(open => open.Port.Value == port))
        .SelectMany(rule => rule.FromProperty)
        .Select(peer => peer.PodSelector?.MatchLabels["app.kubernetes.io/component"] ?? $"namespace {peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]}");
}
