using GmailCluster.Data.Captions;
using GmailCluster.Data.Images;
using GmailCluster.Data.Shards;
using GmailCluster.Learning.Pictures;
using GmailCluster.Learning.Work;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Importing;

/// <summary>
/// Brings pictures made elsewhere into the store, in the form that generated ones have. Every picture is decoded once, so that a
/// corrupt one is refused here, by name, and not in the middle of a run.
/// </summary>
internal static class PictureImport
{
    private const int PicturesPerShard = 1024;

    public static async Task<WorkResult> Run(IObjectStore store, Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        var settings = stage.SettingsAs<ImportSettings>();
        var dataset = await DatasetReader.Open(settings.Dataset, settings.BaseFolder, cancellationToken).ConfigureAwait(false);
        var files = new List<StageFile>();
        var shards = new ShardStore(store);
        foreach (var (number, chunk) in dataset.Samples.Chunk(PicturesPerShard).Index())
        {
            var samples = new List<ShardSample>(chunk.Length);
            foreach (var (i, sample) in chunk.Index())
            {
                cancellationToken.ThrowIfCancellationRequested();
                var encoded = await sample.ReadImage(cancellationToken).ConfigureAwait(false);
                ImageDecoder.Decode(encoded, sample.Where);
                samples.Add(PictureSets.Sample((number * PicturesPerShard) + i, sample.ImageExtension, encoded, new PictureRecord
                {
                    Id = sample.Id,
                    Captions = sample.Captions,
                    LongCaption = sample.LongCaption,
                    Fields = sample.Fields,
                }));
                progress.Add(1);
            }

            var entry = await shards.Upload(stage.Key, number, samples, cancellationToken).ConfigureAwait(false);
            await shards.Append(stage.Key, entry, cancellationToken).ConfigureAwait(false);
            files.Add(new StageFile(ShardPaths.Shard(stage.Key, entry.Sha256), entry.LengthBytes, entry.Sha256));
        }

        await shards.Seal(stage.Key, files.Count, cancellationToken: cancellationToken).ConfigureAwait(false);
        return new WorkResult { Files = files, Notes = dataset.Report.Notes };
    }
}
