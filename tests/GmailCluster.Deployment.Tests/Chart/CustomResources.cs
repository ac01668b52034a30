using k8s;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>
/// The custom resources that the chart renders, with the fields it uses and no more, after the definitions of Prometheus
/// operator (monitoring.coreos.com/v1) and KEDA (keda.sh/v1alpha1).
/// </summary>
internal static class CustomResources
{
    public static IEnumerable<(string, Type)> Types { get; } =
    [
        ("monitoring.coreos.com/v1/ServiceMonitor", typeof(ServiceMonitor)),
        ("monitoring.coreos.com/v1/PrometheusRule", typeof(PrometheusRule)),
        ("keda.sh/v1alpha1/ScaledObject", typeof(ScaledObject)),
    ];

    internal abstract class Resource : IKubernetesObject<V1ObjectMeta>
    {
        public string ApiVersion { get; set; } = "";

        public string Kind { get; set; } = "";

        public V1ObjectMeta Metadata { get; set; } = new();
    }

    internal sealed class ServiceMonitor : Resource
    {
        public ServiceMonitorSpec Spec { get; set; } = new();
    }

    internal sealed class ServiceMonitorSpec
    {
        public V1LabelSelector Selector { get; set; } = new();

        public Dictionary<string, List<string>> NamespaceSelector { get; set; } = [];

        public List<string> PodTargetLabels { get; set; } = [];

        public List<Endpoint> Endpoints { get; set; } = [];
    }

    internal sealed class Endpoint
    {
        public string Port { get; set; } = "";

        public string Path { get; set; } = "";

        public string Interval { get; set; } = "";
    }

    internal sealed class PrometheusRule : Resource
    {
        public PrometheusRuleSpec Spec { get; set; } = new();
    }

    internal sealed class PrometheusRuleSpec
    {
        public List<RuleGroup> Groups { get; set; } = [];
    }

    internal sealed class RuleGroup
    {
        public string Name { get; set; } = "";

        public List<Rule> Rules { get; set; } = [];
    }

    internal sealed class Rule
    {
        public string Alert { get; set; } = "";

        public string Expr { get; set; } = "";

        public string For { get; set; } = "";

        public Dictionary<string, string> Labels { get; set; } = [];

        public Dictionary<string, string> Annotations { get; set; } = [];
    }

    internal sealed class ScaledObject : Resource
    {
        public ScaledObjectSpec Spec { get; set; } = new();
    }

    internal sealed class ScaledObjectSpec
    {
        public V2CrossVersionObjectReference ScaleTargetRef { get; set; } = new();

        public int MinReplicaCount { get; set; }

        public int MaxReplicaCount { get; set; }

        public int CooldownPeriod { get; set; }

        public List<Trigger> Triggers { get; set; } = [];

        public Advanced Advanced { get; set; } = new();
    }

    internal sealed class Trigger
    {
        public string Type { get; set; } = "";

        public Dictionary<string, string> Metadata { get; set; } = [];
    }

    internal sealed class Advanced
    {
        public AutoscalerConfig HorizontalPodAutoscalerConfig { get; set; } = new();
    }

    internal sealed class AutoscalerConfig
    {
        public V2HorizontalPodAutoscalerBehavior Behavior { get; set; } = new();
    }
}
