using System.Security.Cryptography;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Experiments;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Chaos;

/// <summary>What an experiment left in its store.</summary>
internal static class Trained
{
    /// <summary>The experiment that a spec is on a store.</summary>
    public static Task<ExperimentRun> Experiment(string folder, string spec) =>
        ExperimentRun.Plan(Store(folder), SpecReader.Read(spec), TimeProvider.System, CancellationToken.None);

    /// <summary>The store of a pass.</summary>
    public static FolderObjectStore Store(string folder) => new(Path.Combine(folder, "store"));

    /// <summary>
    /// SHA-256 of every file that its stages left, weights, loss curves, images and features, by key; taken of the files
    /// themselves. Figures of evaluations hold times.
    /// </summary>
    public static async Task<SortedDictionary<string, string>> Hashes(string folder, string spec)
    {
        var store = Store(folder);
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var stage in (await Experiment(folder, spec)).Stages.Where(stage => stage.Kind is not (StageKind.Evaluate or StageKind.Gap)))
        {
            var record = await StageRecords.Read(store, stage.Key, CancellationToken.None);
            foreach (var file in record?.Files ?? [])
            {
                await using var content = await store.OpenRead(file.ObjectKey, 0, null, CancellationToken.None);
                hashes[file.ObjectKey] = Convert.ToHexStringLower(await SHA256.HashDataAsync(content));
            }
        }

        return hashes;
    }
}
