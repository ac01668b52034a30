namespace GmailCluster.Cli.Tests.Telemetry;

/// <summary>Spans and who is above whom.</summary>
internal sealed class SpanTree(IReadOnlyList<ReceivedSpan> spans)
{
    private readonly Dictionary<string, ReceivedSpan> _byId = spans.ToDictionary(span => span.SpanId, StringComparer.Ordinal);

    public IReadOnlyList<ReceivedSpan> Named(string name)
    {
        var found = spans.Where(span => span.Name == name).ToArray();
        Assert.True(found.Length > 0, $"no span '{name}' among {string.Join(", ", spans.Select(span => span.Name).Distinct())}");
        return found;
    }

    public IEnumerable<ReceivedSpan> AncestorsOf(ReceivedSpan span)
    {
        while (_byId.TryGetValue(span.ParentId, out var parent))
        {
            yield return parent;
            span = parent;
        }
    }

    public ReceivedSpan RootOf(ReceivedSpan span) => AncestorsOf(span).LastOrDefault() ?? span;

    /// <summary>Whether these names lie above it in this order, whatever lies between.</summary>
    public bool HasAncestors(ReceivedSpan span, params string[] names)
    {
        var at = 0;
        foreach (var ancestor in AncestorsOf(span))
        {
            at += at < names.Length && ancestor.Name == names[at] ? 1 : 0;
        }

        return at == names.Length;
    }
}
