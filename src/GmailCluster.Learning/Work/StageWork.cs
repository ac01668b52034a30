using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Features;
using GmailCluster.Learning.Evaluation;
using GmailCluster.Learning.Importing;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Work;

/// <summary>The stages that one silo does alone. Each leaves its files in the store and is idempotent: doing it again writes the same bytes.</summary>
public sealed class StageWork(IObjectStore store, ComputePool pool)
{
    /// <summary>Does a stage's work.</summary>
    public Task<WorkResult> Run(Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return stage.Kind switch
        {
            StageKind.Import => PictureImport.Run(store, stage, progress, cancellationToken),
            StageKind.Prompts => PromptImport.Run(store, stage, progress, cancellationToken),
            StageKind.Features => FeatureExtraction.Run(store, pool, stage, progress, cancellationToken),
            StageKind.Evaluate => TaskEvaluation.Run(store, pool, stage, progress, cancellationToken),
            StageKind.Gap => GapMeasuring.Run(store, pool, stage, progress, cancellationToken),
            _ => throw new ArgumentException($"{stage.Kind} is not work for one silo.", nameof(stage)),
        };
    }
}
