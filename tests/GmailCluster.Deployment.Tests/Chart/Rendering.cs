using k8s;
using k8s.Models;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>Rendered manifests, each read into its model. A field that the model does not have is an error.</summary>
internal sealed class Rendering
{
    private static readonly Dictionary<string, Type> Types = typeof(V1Pod).Assembly.GetTypes()
        .Select(type => (Type: type, Entity: (KubernetesEntityAttribute?)Attribute.GetCustomAttribute(type, typeof(KubernetesEntityAttribute))))
        .Where(known => known.Entity is not null)
        .Select(known => ((string.IsNullOrEmpty(known.Entity!.Group) ? "" : $"{known.Entity.Group}/") + $"{known.Entity.ApiVersion}/{known.Entity.Kind}", known.Type))
        .Concat(CustomResources.Types)
        .GroupBy(known => known.Item1, known => known.Item2)
        .ToDictionary(group => group.Key, group => group.First());

    private Rendering(string text, IReadOnlyList<IKubernetesObject<V1ObjectMeta>> objects)
    {
        Text = text;
        Objects = objects;
    }

    public string Text { get; }

    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; }

    /// <summary>Each pod with the name of what makes it.</summary>
    public IEnumerable<(string Owner, IDictionary<string, string> Labels, V1PodSpec Spec)> Pods => Objects.SelectMany(made => made switch
    {
        V1StatefulSet set => [($"StatefulSet {set.Metadata.Name}", set.Spec.Template.Metadata.Labels, set.Spec.Template.Spec)],
        V1Deployment deployment => [($"Deployment {deployment.Metadata.Name}", deployment.Spec.Template.Metadata.Labels, deployment.Spec.Template.Spec)],
        V1Job job => [($"Job {job.Metadata.Name}", job.Spec.Template.Metadata?.Labels ?? new Dictionary<string, string>(), job.Spec.Template.Spec)],
        V1Pod pod => [($"Pod {pod.Metadata.Name}", pod.Metadata.Labels, pod.Spec)],
        _ => Array.Empty<(string, IDictionary<string, string>, V1PodSpec)>(),
    });

    public static Rendering Parse(string text) => new(
        text, [.. KubernetesYaml.LoadAllFromString(text, Types, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>()]);

    public IReadOnlyList<T> All<T>() => [.. Objects.OfType<T>()];

    /// <summary>The one object of the type whose name ends so.</summary>
    public T One<T>(string nameEnd = "")
        where T : IKubernetesObject<V1ObjectMeta> => Assert.Single(All<T>(), found => found.Metadata.Name.EndsWith(nameEnd, StringComparison.Ordinal));

    /// <summary>The silos of a pool.</summary>
    public V1PodSpec Silos(string pool) => One<V1StatefulSet>($"-{pool}").Spec.Template.Spec;
}
