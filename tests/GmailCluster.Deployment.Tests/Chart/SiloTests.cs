using System.Globalization;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>Pools of silos.</summary>
public sealed class SiloTests
{
    [Fact]
    public async Task A_pool_takes_what_it_does_not_set_from_silo()
    {
        var rendered = await HelmChart.With(
            """
            silo: {terminationGracePeriodSeconds: 40, nodeSelector: {disk: fast}, resources: {requests: {cpu: "3"}}}
            pools:
              cpu: {}
              big: {replicas: 7, terminationGracePeriodSeconds: 100, resources: {limits: {memory: 99Gi}}}
            """);

        Assert.Equal(3, rendered.One<V1StatefulSet>("-cpu").Spec.Replicas);
        Assert.Equal(7, rendered.One<V1StatefulSet>("-big").Spec.Replicas);
        Assert.Equal(40, rendered.Silos("cpu").TerminationGracePeriodSeconds);
        Assert.Equal(100, rendered.Silos("big").TerminationGracePeriodSeconds);
        Assert.Equal("fast", rendered.Silos("big").NodeSelector["disk"]);
        Assert.Equal("3", rendered.Silos("big").Containers[0].Resources.Requests["cpu"].ToString());
        Assert.Equal("99Gi", rendered.Silos("big").Containers[0].Resources.Limits["memory"].ToString());
    }

    [Fact]
    public async Task A_pool_set_to_null_is_gone()
    {
        var rendered = await HelmChart.With("pools: {cpu: null, other: {}}");

        Assert.Equal("trial-gmailcluster-other", rendered.One<V1StatefulSet>().Metadata.Name);
    }

    [Fact]
    public async Task A_pool_with_gpus_asks_for_them_and_runs_the_cuda_image()
    {
        var rendered = await HelmChart.With(
            """
            image: {tag: "1.2.3"}
            pools:
              gpu: {gpus: 2, runtimeClassName: nvidia, tolerations: [{key: nvidia.com/gpu, operator: Exists}]}
            """);

        var silo = rendered.Silos("gpu");
        Assert.Equal("registry.example.com/gmailcluster:1.2.3-cuda", silo.Containers[0].Image);
        Assert.Equal("2", silo.Containers[0].Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.Equal("8Gi", silo.Containers[0].Resources.Limits["memory"].ToString());
        Assert.Equal("nvidia", silo.RuntimeClassName);
        Assert.Equal("nvidia.com/gpu", Assert.Single(silo.Tolerations).Key);
        Assert.Equal("registry.example.com/gmailcluster:1.2.3", rendered.Silos("cpu").Containers[0].Image);
        Assert.DoesNotContain("nvidia.com/gpu", rendered.Silos("cpu").Containers[0].Resources.Limits.Keys);
    }

    [Fact]
    public async Task A_digest_goes_before_the_tag()
    {
        var (cpu, cuda) = ($"sha256:{new string('a', 64)}", $"sha256:{new string('b', 64)}");

        var rendered = await HelmChart.With($"{{image: {{tag: x, digest: '{cpu}', cudaDigest: '{cuda}'}}, pools: {{gpu: {{gpus: 1}}}}}}");

        Assert.Equal($"registry.example.com/gmailcluster@{cpu}", rendered.Silos("cpu").Containers[0].Image);
        Assert.Equal($"registry.example.com/gmailcluster@{cuda}", rendered.Silos("gpu").Containers[0].Image);
    }

    [Fact]
    public async Task Pods_of_a_pool_spread_over_nodes_and_zones()
    {
        var rendered = await HelmChart.With("pools: {gpu: {gpus: 1}}");

        var spread = rendered.Silos("gpu").TopologySpreadConstraints;
        Assert.Equal(["kubernetes.io/hostname", "topology.kubernetes.io/zone"], spread.Select(constraint => constraint.TopologyKey));
        Assert.All(spread, constraint => Assert.Equal("gpu", constraint.LabelSelector.MatchLabels["gmailcluster/pool"]));
    }

    [Fact]
    public async Task Liveness_asks_only_whether_the_process_lives()
    {
        var silo = (await HelmChart.With("silo: {startSeconds: 301}")).Silos("cpu").Containers[0];

        Assert.Equal("/livez", silo.LivenessProbe.HttpGet.Path);
        Assert.Equal("/readyz", silo.ReadinessProbe.HttpGet.Path);
        Assert.Equal("/startupz", silo.StartupProbe.HttpGet.Path);
        Assert.True(silo.StartupProbe.PeriodSeconds * silo.StartupProbe.FailureThreshold >= 301);
        Assert.Equal(8081, silo.Ports.Single(port => port.Name == silo.LivenessProbe.HttpGet.Port.Value).ContainerPort);
    }

    [Fact]
    public async Task Ports_are_those_that_the_silo_is_told()
    {
        var silo = (await HelmChart.With("")).Silos("cpu").Containers[0];

        var told = silo.Env.Where(variable => variable.Name.EndsWith("_PORT", StringComparison.Ordinal)).Select(variable => int.Parse(variable.Value, CultureInfo.InvariantCulture));
        Assert.Equal(silo.Ports.Select(port => port.ContainerPort).Order(), told.Order());
        Assert.Equal("status.podIP", silo.Env.Single(variable => variable.Name == "GMAILCLUSTER_ADVERTISED_HOST").ValueFrom.FieldRef.FieldPath);
    }

    [Theory]
    [InlineData("silo: {slots: 5}", "5", null)]
    [InlineData("", null, "requests.cpu")]
    public async Task Slots_are_the_cores_asked_for_unless_said(string values, string? value, string? field)
    {
        var slots = (await HelmChart.With(values)).Silos("cpu").Containers[0].Env.Single(variable => variable.Name == "GMAILCLUSTER_SLOTS");

        Assert.Equal(value, slots.Value);
        Assert.Equal(field, slots.ValueFrom?.ResourceFieldRef.Resource);
    }

    [Fact]
    public async Task The_cache_is_on_the_node_or_on_a_volume_of_its_own()
    {
        var rendered = await HelmChart.With("pools: {cpu: {cache: {size: 7Gi}}, big: {cache: {size: 9Gi, storageClassName: fast}}}");

        Assert.Equal("7Gi", rendered.Silos("cpu").Volumes.Single(volume => volume.Name == "cache").EmptyDir.SizeLimit.ToString());
        var claim = Assert.Single(rendered.One<V1StatefulSet>("-big").Spec.VolumeClaimTemplates);
        Assert.Equal(("cache", "fast", "9Gi"), (claim.Metadata.Name, claim.Spec.StorageClassName, claim.Spec.Resources.Requests["storage"].ToString()));
        Assert.DoesNotContain(rendered.Silos("big").Volumes, volume => volume.Name == "cache");
    }

    [Fact]
    public async Task Each_pool_has_a_budget_that_lets_broken_silos_go()
    {
        var rendered = await HelmChart.With("pools: {cpu: {disruptionBudget: {maxUnavailable: 2}}, spot: {disruptionBudget: {enabled: false}}}");

        var budget = Assert.Single(rendered.All<V1PodDisruptionBudget>(), budget => !budget.Metadata.Name.EndsWith("-api", StringComparison.Ordinal));
        Assert.Equal("trial-gmailcluster-cpu", budget.Metadata.Name);
        Assert.Equal("2", budget.Spec.MaxUnavailable.Value);
        Assert.Equal("AlwaysAllow", budget.Spec.UnhealthyPodEvictionPolicy);
    }

    [Fact]
    public async Task Autoscaling_is_by_processor_use_or_by_generation()
    {
        var rendered = await HelmChart.With(
            """
            pools:
              cpu: {autoscaling: {kind: hpa, minReplicas: 2, maxReplicas: 5, cpuUtilization: 70}}
              spot: {autoscaling: {kind: keda, maxReplicas: 30, silosPerGeneration: 3, prometheusUrl: "http://prometheus:9090"}}
            """);

        var hpa = rendered.One<V2HorizontalPodAutoscaler>();
        Assert.Equal((2, 5, 70), (hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas, hpa.Spec.Metrics.Single().Resource.Target.AverageUtilization));
        var keda = rendered.One<CustomResources.ScaledObject>();
        Assert.Equal((1, 30, "1"), (keda.Spec.MinReplicaCount, keda.Spec.MaxReplicaCount, keda.Spec.Triggers.Single().Metadata["threshold"]));
        Assert.Equal(
            "sum(gmailcluster_stages_running{namespace=\"research\",gmailcluster_stage_kind=\"generate\"}) * 3", keda.Spec.Triggers.Single().Metadata["query"]);
    }

    // kuberay#2315: a new version of the operator restarted all workloads.
    [Fact]
    public async Task A_new_chart_with_the_same_image_restarts_no_silo()
    {
        var newer = Directory.CreateTempSubdirectory("gmailcluster-chart-").FullName;
        try
        {
            foreach (var file in Directory.GetFiles(HelmChart.Folder, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(newer, Path.GetRelativePath(HelmChart.Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            var chart = Path.Combine(newer, "Chart.yaml");
            await File.WriteAllTextAsync(
                chart, (await File.ReadAllTextAsync(chart, TestContext.Current.CancellationToken)).Replace("\nversion: ", "\nversion: 9", StringComparison.Ordinal), TestContext.Current.CancellationToken);

            var (before, after) = (await HelmChart.With(""), await HelmChart.With("", newer));

            Assert.NotEqual(before.Text, after.Text);
            Assert.Equal(PodTemplate(before), PodTemplate(after));
        }
        finally
        {
            Directory.Delete(newer, recursive: true);
        }
    }

    [Fact]
    public async Task Own_labels_annotations_and_variables_reach_the_pods()
    {
        var rendered = await HelmChart.With(
            """
            commonLabels: {team: vision}
            silo:
              podLabels: {cost: research}
              podAnnotations: {note: hello}
              extraEnv: [{name: OTEL_TRACES_SAMPLER, value: always_off}, {name: TOKEN, valueFrom: {secretKeyRef: {name: t, key: k}}}]
            """);

        var template = rendered.One<V1StatefulSet>().Spec.Template;
        Assert.Equal(("vision", "research", "hello"), (template.Metadata.Labels["team"], template.Metadata.Labels["cost"], template.Metadata.Annotations["note"]));
        Assert.Equal("always_off", template.Spec.Containers[0].Env.Single(variable => variable.Name == "OTEL_TRACES_SAMPLER").Value);
        Assert.Equal("t", template.Spec.Containers[0].Env.Single(variable => variable.Name == "TOKEN").ValueFrom.SecretKeyRef.Name);
        Assert.All(rendered.Objects, made => Assert.Equal("vision", made.Metadata.Labels["team"]));
    }

    private static string PodTemplate(Rendering rendered) => k8s.KubernetesYaml.Serialize(rendered.One<V1StatefulSet>().Spec.Template);
}
