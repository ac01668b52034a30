using System.Text.Json;
using System.Text.RegularExpressions;
using GmailCluster.Stages;

namespace GmailCluster.Learning.Inputs;

/// <summary>
/// How a stage's settings name a folder of the store where they would name a local path: <c>input:</c> and its digest. Paths
/// are no part of a stage's key, so a stage has the same key either way.
/// </summary>
internal static partial class InputReference
{
    /// <summary>The settings with local folders named as folders of the store.</summary>
    /// <param name="stage">A planned stage.</param>
    /// <param name="digests">Digest by absolute path.</param>
    public static Stage ToStore(Stage stage, IReadOnlyDictionary<string, string> digests)
    {
        var settings = digests.Aggregate(stage.Settings, (text, folder) =>
            text.Replace(Quoted(folder.Key), $"\"input:{folder.Value}\"", StringComparison.Ordinal));
        return settings == stage.Settings ? stage : stage with { Settings = settings };
    }

    /// <summary>The digests that settings name.</summary>
    public static IReadOnlyList<string> Of(Stage stage) =>
        [.. Reference().Matches(stage.Settings).Select(match => match.Groups["digest"].Value).Distinct()];

    /// <summary>The settings with folders of the store replaced by local ones.</summary>
    /// <param name="stage">The stage as submitted.</param>
    /// <param name="folders">Absolute path by digest.</param>
    public static Stage ToLocal(Stage stage, IReadOnlyDictionary<string, string> folders) =>
        stage with { Settings = Reference().Replace(stage.Settings, match => Quoted(folders[match.Groups["digest"].Value])) };

    private static string Quoted(string path) => JsonSerializer.Serialize(path, StageJson.Options);

    [GeneratedRegex("\"input:(?<digest>[0-9a-f]{64})\"")]
    private static partial Regex Reference();
}
