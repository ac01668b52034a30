using GmailCluster.Deployment.Tests.Docs;
using GmailCluster.Deployment.Tests.Tools;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>k8s/: manifests for kind and minikube.</summary>
public sealed class PlainManifestsTests
{
    private const string Head = "# Made from helm/gmailcluster with samples/kind.yaml. Change those, run the tests with GMAILCLUSTER_UPDATE_DOCS=1, and commit this file with them.\n";

    [Fact]
    public async Task They_are_what_the_chart_renders()
    {
        var rendered = await DeploymentTools.Helm("template", "gmailcluster", HelmChart.Folder, "--namespace", "gmailcluster", "--skip-tests", "--values", HelmChart.Sample("kind"));

        await MadeFile.IsFresh(RepositoryRoot.At("k8s", "gmailcluster.yaml"), Head + rendered.Text);
    }

    [Fact]
    public async Task Kubectl_puts_them_together_and_each_is_read_strictly()
    {
        var built = await Build();

        Assert.Single(built.All<V1Namespace>());
        Assert.All(built.Objects.Where(made => made is not V1Namespace), made => Assert.Equal("gmailcluster", made.Metadata.NamespaceProperty));
        Assert.Equal(
            ["azurite", "gmailcluster-cpu", "gmailcluster-redis"], built.All<V1StatefulSet>().Select(set => set.Metadata.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Secrets_that_pods_want_are_there_or_made_by_the_commands_of_the_readme()
    {
        var built = await Build();
        var readme = await File.ReadAllTextAsync(RepositoryRoot.At("k8s", "README.md"), TestContext.Current.CancellationToken);

        var wanted = built.Pods.SelectMany(pod => pod.Spec.Volumes ?? []).Select(volume => volume.Secret?.SecretName).OfType<string>().Distinct();

        Assert.All(wanted, secret => Assert.True(
            built.All<V1Secret>().Any(made => made.Metadata.Name == secret) || readme.Contains($"create secret generic {secret} ", StringComparison.Ordinal), secret));
    }

    // The namespace enforces "restricted": a pod that did not keep to it would not start.
    [Fact]
    public async Task Every_pod_keeps_to_the_restricted_standard() => Assert.All((await Build()).Pods, pod =>
    {
        Assert.True(pod.Spec.SecurityContext.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile.Type);
        Assert.All(pod.Spec.Containers, container =>
        {
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        });
        Assert.All(pod.Spec.Volumes ?? [], volume => Assert.True(volume.EmptyDir is not null || volume.Secret is not null, volume.Name));
    });

    [Fact]
    public async Task The_container_is_made_where_the_silos_look_for_it()
    {
        var built = await Build();
        var job = built.One<V1Job>().Spec.Template.Spec.Containers.Single();
        var silo = built.Silos("cpu").Containers[0];

        Assert.Equal(silo.Image, job.Image);
        Assert.Equal(Value(silo, "GMAILCLUSTER_STORE"), Value(job, "GMAILCLUSTER_STORE"));
        Assert.Contains("--create-container", job.Args);

        static string Value(V1Container container, string name) => container.Env.Single(variable => variable.Name == name).Value;
    }

    [Fact]
    public async Task Silos_may_reach_azurite()
    {
        var built = await Build();
        var port = built.All<V1Service>().Single(service => service.Metadata.Name == "azurite").Spec.Ports.Single().Port;

        var anywhere = built.One<V1NetworkPolicy>("-silo").Spec.Egress.Where(rule => rule.To is null).SelectMany(rule => rule.Ports).Select(open => open.Port.Value);

        Assert.Contains($"{port}", anywhere);
    }

    private static async Task<Rendering> Build() => Rendering.Parse((await DeploymentTools.Kubectl("kustomize", RepositoryRoot.At("k8s"))).Text);
}
