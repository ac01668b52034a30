using System.Globalization;
using GmailCluster.Deployment.Tests.Tools;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>What holds for every manifest of every sample.</summary>
public sealed class SampleTests
{
    public static TheoryData<string> Samples { get; } = [.. HelmChart.Samples];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task The_chart_passes_lint_with(string sample)
    {
        var lint = await DeploymentTools.Helm("lint", "--strict", "--namespace", HelmChart.Namespace, HelmChart.Folder, "--values", HelmChart.Sample(sample));

        Assert.Contains("1 chart(s) linted, 0 chart(s) failed", lint.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_manifest_is_read_strictly_and_names_its_namespace_and_part_in(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        Assert.Equal(rendered.Objects.Count, rendered.Objects.Select(made => (made.Kind, made.Metadata.Name)).Distinct().Count());
        Assert.All(rendered.Objects, made =>
        {
            Assert.Equal(HelmChart.Namespace, made.Metadata.NamespaceProperty);
            Assert.Equal("gmailcluster", made.Metadata.Labels["app.kubernetes.io/name"]);
            Assert.True(made.Metadata.Name.Length <= 63, made.Metadata.Name);
        });
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_pod_is_confined_in(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        Assert.NotEmpty(rendered.Pods);
        Assert.All(rendered.Pods, pod =>
        {
            Assert.True(pod.Spec.SecurityContext.RunAsNonRoot);
            Assert.True(pod.Spec.SecurityContext.RunAsUser > 0);
            Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile.Type);
            Assert.False(pod.Spec.AutomountServiceAccountToken);
            Assert.True(pod.Spec.HostNetwork is null && pod.Spec.HostPID is null && pod.Spec.HostIPC is null);
            Assert.All(pod.Spec.Volumes ?? [], volume => Assert.Null(volume.HostPath));
            Assert.All(pod.Spec.Containers, container =>
            {
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.True(container.Resources.Limits.ContainsKey("memory"));
                Assert.True(container.Resources.Requests.ContainsKey("memory"));
            });
        });
    }

    // A secret that is mounted file by file never changes under a running pod.
    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Secrets_are_mounted_as_folders_read_only_in(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        Assert.All(rendered.Pods, pod =>
        {
            var secrets = (pod.Spec.Volumes ?? []).Where(volume => volume.Secret is not null).Select(volume => volume.Name).ToHashSet();
            var mounts = pod.Spec.Containers.SelectMany(container => container.VolumeMounts).Where(mount => secrets.Contains(mount.Name)).ToList();
            Assert.Equal(secrets.Count, mounts.Count);
            Assert.All(mounts, mount => Assert.True(mount.SubPath is null && mount.ReadOnlyProperty is true));
        });
        Assert.Empty(rendered.All<V1Secret>());
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_mount_has_its_volume_in(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        Assert.All(rendered.Pods, pod =>
        {
            var claims = rendered.All<V1StatefulSet>().Where(set => pod.Owner.EndsWith($" {set.Metadata.Name}", StringComparison.Ordinal))
                .SelectMany(set => set.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Metadata.Name);
            var volumes = (pod.Spec.Volumes ?? []).Select(volume => volume.Name).Concat(claims).Order();
            Assert.Equal(volumes, pod.Spec.Containers.SelectMany(container => container.VolumeMounts).Select(mount => mount.Name).Order());
        });
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task What_runs_on_is_probed_in(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        Assert.All(rendered.Pods.Where(pod => pod.Spec.RestartPolicy is null), pod => Assert.All(pod.Spec.Containers, container =>
        {
            Assert.NotNull(container.StartupProbe);
            Assert.NotNull(container.ReadinessProbe);
            Assert.NotNull(container.LivenessProbe);
        }));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_service_leads_to_pods_and_ports_of(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        Assert.All(rendered.All<V1Service>(), service =>
        {
            var pods = rendered.Pods.Where(pod => service.Spec.Selector.All(pod.Labels.Contains)).ToList();
            Assert.NotEmpty(pods);
            Assert.All(pods, pod => Assert.All(service.Spec.Ports, port =>
                Assert.Contains(pod.Spec.Containers.SelectMany(container => container.Ports), open => open.Name == port.TargetPort.Value)));
        });
        Assert.All(rendered.All<V1StatefulSet>(), set => Assert.Contains(rendered.All<V1Service>(), service => service.Metadata.Name == set.Spec.ServiceName));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_policy_and_budget_selects_pods_of(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        foreach (var policy in rendered.All<V1NetworkPolicy>())
        {
            var pods = Selected(rendered, policy.Spec.PodSelector);
            Assert.NotEmpty(pods);
            Assert.All(policy.Spec.Ingress.SelectMany(rule => rule.Ports), port => Assert.All(pods, pod =>
                Assert.Contains(pod.Spec.Containers.SelectMany(container => container.Ports), open => open.Name == port.Port.Value)));
            // Named ports do not work in all network plugins where the other side is outside: egress counts.
            Assert.All((policy.Spec.Egress ?? []).SelectMany(rule => rule.Ports), port => Assert.True(int.TryParse(port.Port.Value, CultureInfo.InvariantCulture, out _)));
        }

        Assert.All(rendered.All<V1PodDisruptionBudget>(), budget => Assert.NotEmpty(Selected(rendered, budget.Spec.Selector)));
        Assert.All(rendered.All<V1StatefulSet>(), set => Assert.Contains(Selected(rendered, set.Spec.Selector), pod => pod.Owner == $"StatefulSet {set.Metadata.Name}"));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_autoscaler_scales_a_pool_without_replicas_of(string sample)
    {
        var rendered = await HelmChart.OfSample(sample);

        var targets = rendered.All<V2HorizontalPodAutoscaler>().Select(scaler => scaler.Spec.ScaleTargetRef)
            .Concat(rendered.All<CustomResources.ScaledObject>().Select(scaler => scaler.Spec.ScaleTargetRef)).ToList();
        Assert.All(targets, target => Assert.Null(Assert.Single(rendered.All<V1StatefulSet>(), set => set.Metadata.Name == target.Name).Spec.Replicas));
        Assert.Equal(targets.Count, rendered.All<V1StatefulSet>().Count(set => set.Spec.Replicas is null));
    }

    private static List<(string Owner, IDictionary<string, string> Labels, V1PodSpec Spec)> Selected(Rendering rendered, V1LabelSelector selector)
    {
        Assert.Null(selector.MatchExpressions);
        return [.. rendered.Pods.Where(pod => selector.MatchLabels.All(pod.Labels.Contains))];
    }
}
