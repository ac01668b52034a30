using GmailCluster.Data.Features;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Pictures;
using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Evaluation;

/// <summary>Measures one trained result on held-out real pictures, seen through plain CLIP: the swap that GMAIL is about.</summary>
internal static class TaskEvaluation
{
    public static async Task<WorkResult> Run(IObjectStore store, ComputePool pool, Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        var settings = stage.SettingsAs<EvaluateSettings>();
        var tests = new List<TestSet>();
        foreach (var test in settings.Tests)
        {
            tests.Add(await TestSet.Load(store, test, settings.Task is StageKind.Llava ? "patches" : "embeddings", cancellationToken).ConfigureAwait(false));
        }

        using var trained = await LocalCopy.OfRun(store, settings.Trained, cancellationToken).ConfigureAwait(false);
        return settings.Task switch
        {
            StageKind.Caption => await CaptionEvaluation.Run(store, pool, stage, settings, trained.Path, tests, progress, cancellationToken).ConfigureAwait(false),
            StageKind.Llava => await LlavaEvaluation.Run(store, pool, stage, settings, trained.Path, tests, progress, cancellationToken).ConfigureAwait(false),
            StageKind.Retrieve or StageKind.Long => await RetrievalEvaluation.Run(pool, settings, trained.Path, tests, progress, cancellationToken).ConfigureAwait(false),
            _ => throw new ArgumentException($"{settings.Task} has no evaluation.", nameof(stage)),
        };
    }
}

/// <summary>A held-out set with its features.</summary>
internal sealed record TestSet(string Name, IReadOnlyList<Picture> Pictures, FeatureTable Features)
{
    public static async Task<TestSet> Load(IObjectStore store, NamedSource source, string table, CancellationToken cancellationToken)
    {
        var pictures = new List<Picture>();
        await foreach (var picture in PictureSets.Read(store, source.Captions, cancellationToken).ConfigureAwait(false))
        {
            pictures.Add(picture with { Encoded = [] }); // only what is written about them is needed
        }

        return new TestSet(source.Name, pictures, await FeatureStore.Load(store, source.Features, table, cancellationToken).ConfigureAwait(false));
    }

    public IReadOnlyList<ArmSample> Samples => [.. Pictures.Select((picture, row) =>
        new ArmSample(new CaptionedItem(picture.About.Id, picture.About.Captions[0], picture.About.LongCaption), Features, row))];
}
