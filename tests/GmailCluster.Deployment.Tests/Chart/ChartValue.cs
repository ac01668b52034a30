using YamlDotNet.RepresentationModel;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>A key of values.yaml with its default and the comment above it.</summary>
/// <param name="Path">Such as "redis.bundled.enabled".</param>
/// <param name="Default">The default as one line of YAML; null where keys below it are described instead.</param>
/// <param name="Description">The comment; null where there is none.</param>
internal sealed record ChartValue(string Path, string? Default, string? Description)
{
    public static IReadOnlyList<ChartValue> All { get; } = Read(Path: System.IO.Path.Combine(HelmChart.Folder, "values.yaml"));

    private static List<ChartValue> Read(string Path)
    {
        var lines = File.ReadAllLines(Path);
        var yaml = new YamlStream();
        yaml.Load(new StringReader(string.Join('\n', lines)));
        var found = new List<ChartValue>();
        Add((YamlMappingNode)yaml.Documents[0].RootNode, "", lines, found);
        return found;
    }

    private static void Add(YamlMappingNode map, string prefix, string[] lines, List<ChartValue> found)
    {
        foreach (var (key, value) in map.Children)
        {
            var path = $"{prefix}{key}";
            var above = lines[key.Start.Line - 2].Trim();
            var description = above.StartsWith("# -- ", StringComparison.Ordinal) ? above[5..] : null;
            var below = new List<ChartValue>();
            if (value is YamlMappingNode inner && !IsOneLine(inner, lines))
            {
                Add(inner, $"{path}.", lines, below);
            }

            // A map with a comment of its own whose keys have none is one value.
            var isDescribedBelow = below.Exists(child => child.Description is not null);
            found.Add(new ChartValue(path, isDescribedBelow || (below.Count > 0 && description is null) ? null : OneLine(value), description));
            if (isDescribedBelow || description is null)
            {
                found.AddRange(below);
            }
        }
    }

    private static bool IsOneLine(YamlMappingNode map, string[] lines) => map.Children.Count == 0 || lines[map.Start.Line - 1].Contains('{', StringComparison.Ordinal);

    private static string OneLine(YamlNode node) => node switch
    {
        YamlMappingNode map => $"{{{string.Join(", ", map.Children.Select(pair => $"{pair.Key}: {OneLine(pair.Value)}"))}}}",
        YamlSequenceNode list => $"[{string.Join(", ", list.Children.Select(OneLine))}]",
        YamlScalarNode { Value: "" } => "\"\"",
        _ => node.ToString(),
    };
}
