using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Learning.Metrics.Captions;
using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Evaluation;

/// <summary>Scores captions that a model gave to test pictures, and keeps them for the report.</summary>
public static class CaptionScoring
{
    /// <summary>Where an evaluation's captions are: an object from picture id to caption.</summary>
    public static string ObjectKey(Keys.ArtifactKey evaluation) => $"evaluations/{evaluation}/captions.json";

    internal static async Task<WorkResult> Score(
        IObjectStore store, Stage stage, IReadOnlyList<(TestSet Test, IReadOnlyList<string> Captions)> results, CancellationToken cancellationToken)
    {
        var figures = new List<StageFigure>();
        var captions = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (test, given) in results)
        {
            var references = test.Pictures.Select(picture => picture.About.Captions).ToArray();
            figures.AddRange(CaptionScores.Of(given, references).Named().Select(score => new StageFigure(test.Name, score.Metric, score.Value)));
            foreach (var (picture, caption) in test.Pictures.Zip(given))
            {
                captions[picture.Id] = caption;
            }
        }

        var content = JsonSerializer.SerializeToUtf8Bytes(captions, StageJson.Options);
        await store.PutBytes(ObjectKey(stage.Key), content, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        var sha = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        return new WorkResult { Figures = figures, Files = [new StageFile(ObjectKey(stage.Key), content.Length, sha)] };
    }
}
