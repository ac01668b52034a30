using System.Security.Cryptography;
using System.Text;
using GmailCluster.Data.Captions;
using GmailCluster.Specs;

namespace GmailCluster.Cluster.Experiments;

/// <summary>Reads what the planner must know of the files a spec names: their content hashes and how much they hold.</summary>
public static class InputReader
{
    /// <summary>Reads them.</summary>
    /// <param name="loaded">The spec.</param>
    /// <param name="known">Digests of model folders that are not read again, by absolute path.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="Errors.InputException">A file is missing or malformed; the message names it.</exception>
    public static async Task<InputFacts> Read(LoadedSpec loaded, IReadOnlyDictionary<string, string> known, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var spec = loaded.Spec;
        var datasets = new Dictionary<DatasetSpec, DatasetFacts>();
        foreach (var dataset in spec.Data.Tests.Prepend(spec.Data.Train))
        {
            datasets[dataset] = await ReadDataset(dataset, loaded, cancellationToken);
        }

        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        var generates = spec.Generate is not null;
        var promptCount = 0;
        if (generates && spec.Data.Prompts is { } prompts)
        {
            var path = loaded.Resolve(prompts.Path);
            digests[path] = ContentDigest.Of(path, cancellationToken);
            promptCount = (await PromptReader.Read(prompts, loaded.Folder, cancellationToken)).Count;
        }
        else if (generates)
        {
            promptCount = datasets[spec.Data.Train].Pictures;
        }

        var models = new[] { spec.Models.Clip, spec.Models.Diffusion, spec.Models.LanguageModel, spec.Models.LlavaLanguageModel };
        foreach (var path in models.OfType<string>().Select(loaded.Resolve))
        {
            digests[path] = known.TryGetValue(path, out var digest) ? digest : ContentDigest.Of(path, cancellationToken);
        }

        return new InputFacts(digests, datasets, promptCount);
    }

    private static async Task<DatasetFacts> ReadDataset(DatasetSpec dataset, LoadedSpec loaded, CancellationToken cancellationToken)
    {
        var samples = (await DatasetReader.Open(dataset, loaded.Folder, cancellationToken)).Samples;
        var digest = ContentDigest.Of(loaded.Resolve(dataset.Path), cancellationToken);
        var beside = samples.Select(sample => sample.Image.File).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        if (beside.Length > 0 && File.Exists(loaded.Resolve(dataset.Path)))
        {
            // A table says only where its pictures are: other pictures under the same names are another data set.
            var folder = dataset.Images is { } images ? loaded.Resolve(images) : Path.GetDirectoryName(loaded.Resolve(dataset.Path))!;
            var both = Encoding.UTF8.GetBytes($"{digest}\n{ContentDigest.OfFiles(folder, beside, cancellationToken)}\n");
            digest = Convert.ToHexStringLower(SHA256.HashData(both));
        }

        return new DatasetFacts(digest, samples.Count);
    }
}
