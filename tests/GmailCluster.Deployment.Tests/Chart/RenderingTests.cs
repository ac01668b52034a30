using YamlDotNet.Core;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>The other tests lean on this: what Kubernetes does not know is refused.</summary>
public sealed class RenderingTests
{
    [Fact]
    public void A_field_that_kubernetes_does_not_know_is_refused() => Assert.ThrowsAny<YamlException>(() => Rendering.Parse(
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {selector: {}, serviceName: a, template: {spec: {containers: [{name: c, imagePullPolice: Never}]}}}}"));

    [Fact]
    public void A_field_that_a_custom_resource_does_not_have_is_refused() => Assert.ThrowsAny<YamlException>(() => Rendering.Parse(
        "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: a}, spec: {endpoints: [{ports: health}]}}"));

    [Fact]
    public void A_key_given_twice_is_refused() => Assert.ThrowsAny<YamlException>(() => Rendering.Parse(
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, name: b}}"));
}
