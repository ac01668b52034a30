using System.Security.Cryptography;
using GmailCluster.Data.Captions;
using GmailCluster.Learning.Inputs;
using GmailCluster.Specs;

namespace GmailCluster.Host.Api;

/// <summary>The files of this machine that a spec names, with their hashes: what a client sends.</summary>
/// <param name="Request">The submission.</param>
/// <param name="Paths">Full path by hash.</param>
internal sealed record InputListing(SubmissionRequest Request, IReadOnlyDictionary<string, string> Paths)
{
    /// <summary>Reads the files through.</summary>
    /// <exception cref="Errors.InputException">A data set is malformed; the message names it.</exception>
    public static async Task<InputListing> Read(LoadedSpec loaded, CancellationToken cancellationToken)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        var inputs = new SortedDictionary<string, SentInput>(StringComparer.Ordinal);
        foreach (var path in SpecPaths.Models(loaded.Spec))
        {
            inputs[path] = Whole(path);
        }

        if (loaded.Spec.Data.Prompts is { } prompts)
        {
            inputs[prompts.Path] = Whole(prompts.Path);
        }

        foreach (var dataset in SpecPaths.Datasets(loaded.Spec))
        {
            inputs[dataset.Path] = Whole(dataset.Path);
            await AddPictures(dataset).ConfigureAwait(false);
        }

        return new InputListing(new SubmissionRequest(loaded.Text, inputs), paths);

        SentInput Whole(string path)
        {
            var full = loaded.Resolve(path);
            return Directory.Exists(full)
                ? new SentInput(true, [.. Directory.EnumerateFiles(full, "*", SearchOption.AllDirectories).Select(file => Hashed(full, file)).OrderBy(file => file.Name, StringComparer.Ordinal)])
                : new SentInput(false, [Hashed(Path.GetDirectoryName(full)!, full)]);
        }

        // A table says only where its pictures are: those that it names go with it.
        async Task AddPictures(DatasetSpec dataset)
        {
            var full = loaded.Resolve(dataset.Path);
            if (Directory.Exists(full))
            {
                return;
            }

            var samples = (await DatasetReader.Open(dataset, loaded.Folder, cancellationToken).ConfigureAwait(false)).Samples;
            var folder = dataset.Images is { } images ? loaded.Resolve(images) : Path.GetDirectoryName(full)!;
            var pictures = samples.Select(sample => sample.Image.File).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(file => Hashed(folder, file)).ToArray();
            var at = dataset.Images ?? dataset.Path;
            var known = inputs.TryGetValue(at, out var input) ? input : new SentInput(true, []);
            inputs[at] = known with { Files = [.. known.Files.Concat(pictures).DistinctBy(file => file.Name)] };
        }

        InputFile Hashed(string folder, string file)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stream = File.OpenRead(file);
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(stream));
            paths[sha256] = file;
            return new InputFile(Path.GetRelativePath(folder, file).Replace('\\', '/'), sha256, stream.Length);
        }
    }
}
