using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Features;
using GmailCluster.Learning.Evaluation;
using GmailCluster.Learning.Importing;
using GmailCluster.Learning.Inputs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Work;

/// <summary>The stages that one silo does alone. Each leaves its files in the store and is idempotent: doing it again writes the same bytes.</summary>
public sealed class StageWork(IObjectStore store, ComputePool pool, InputFolders inputs)
{
    /// <summary>Does a stage's work.</summary>
    public async Task<WorkResult> Run(Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        stage = await inputs.Localize(stage, cancellationToken).ConfigureAwait(false);
        return await (stage.Kind switch
        {
            StageKind.Import or StageKind.Prompts => ImportWork.Run(store, stage, progress, cancellationToken),
            StageKind.Features => FeatureExtraction.Run(store, pool, stage, progress, cancellationToken),
            StageKind.Evaluate => TaskEvaluation.Run(store, pool, stage, progress, cancellationToken),
            StageKind.Gap => GapMeasuring.Run(store, pool, stage, progress, cancellationToken),
            _ => throw new ArgumentException($"{stage.Kind} is not work for one silo.", nameof(stage)),
        }).ConfigureAwait(false);
    }
}
