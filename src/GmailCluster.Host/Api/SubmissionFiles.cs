using System.Globalization;
using System.Security.Cryptography;
using GmailCluster.Errors;
using GmailCluster.Learning.Inputs;
using GmailCluster.Specs;
using GmailCluster.Storage;
using Microsoft.AspNetCore.Http;

namespace GmailCluster.Host.Api;

/// <summary>
/// A submission's files in a folder of their own, while they are imported. Weights are left out: a model folder is known by the
/// hashes of its files, so its large ones stand here empty.
/// </summary>
internal sealed class SubmissionFiles : IDisposable
{
    // Configs and tokenizers, which a spec is checked against, are smaller; weights are larger.
    private const long SmallBytes = 64 << 20;

    private readonly string _folder;

    private SubmissionFiles(string folder, LoadedSpec loaded, IReadOnlyDictionary<string, IReadOnlyList<InputFile>> models) =>
        (_folder, Loaded, SentModels) = (folder, loaded, models);

    /// <summary>The spec, its paths those of this folder.</summary>
    public LoadedSpec Loaded { get; }

    /// <summary>Files of model folders, by absolute path.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<InputFile>> SentModels { get; }

    /// <summary>Fetches the files.</summary>
    /// <exception cref="ApiException">Files have not been sent yet; it says which.</exception>
    /// <exception cref="InputException">The spec is not valid, or names a file that was not sent and is not the API's to read.</exception>
    public static async Task<SubmissionFiles> Fetch(SubmissionRequest request, IObjectStore store, ApiOptions options, CancellationToken cancellationToken)
    {
        var inputs = request.Inputs ?? new Dictionary<string, SentInput>();
        var spec = SpecReader.Parse(request.Spec, "spec.yaml");
        await RefuseMissing(inputs, store, cancellationToken).ConfigureAwait(false);
        var folder = Path.GetFullPath(Path.Combine(options.CacheFolder, "submissions", Guid.NewGuid().ToString("n")));
        try
        {
            var models = SpecPaths.Models(spec);
            var isData = SpecPaths.Datasets(spec).SelectMany(set => new[] { set.Path, set.Images }).Append(spec.Data.Prompts?.Path).OfType<string>().ToHashSet(StringComparer.Ordinal);
            var sent = new Dictionary<string, IReadOnlyList<InputFile>>(StringComparer.Ordinal);
            var places = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (i, (path, input)) in inputs.OrderBy(input => input.Key, StringComparer.Ordinal).Index())
            {
                // Short and of one kind, whatever the path was: "2/emoji-clip".
                var name = Path.GetFileName(path.TrimEnd('/'));
                var place = $"{i.ToString(CultureInfo.InvariantCulture)}/{(name is "" or "." or ".." ? "input" : name)}";
                var at = Path.Combine(folder, place);
                var isModel = models.Contains(path) && !isData.Contains(path);
                await Write(input, input.IsFolder ? at : Path.GetDirectoryName(at)!, isModel, store, cancellationToken).ConfigureAwait(false);
                places[path] = place;
                if (isModel && input.IsFolder)
                {
                    sent[Path.GetFullPath(at)] = input.Files;
                }
            }

            Directory.CreateDirectory(folder);
            var loaded = SpecReader.Read(request.Spec, "spec.yaml", folder, parsed => SpecPaths.Map(parsed, path => places.TryGetValue(path, out var place) ? place : OwnInput(path, options)));
            return new SubmissionFiles(folder, loaded, sent);
        }
        catch
        {
            Remove(folder);
            throw;
        }
    }

    public void Dispose() => Remove(_folder);

    private static async Task RefuseMissing(IReadOnlyDictionary<string, SentInput> inputs, IObjectStore store, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        foreach (var chunk in inputs.Values.SelectMany(input => input.Files).DistinctBy(file => file.Sha256).OrderBy(file => file.Sha256, StringComparer.Ordinal).Chunk(32))
        {
            var found = await Task.WhenAll(chunk.Select(file => store.Stat(file.ObjectKey, cancellationToken))).ConfigureAwait(false);
            missing.AddRange(chunk.Zip(found).Where(pair => pair.Second is null).Select(pair => pair.First.Sha256));
        }

        if (missing.Count > 0)
        {
            throw new ApiException(StatusCodes.Status409Conflict, "inputs", $"lack {missing.Count} files.", "Send each with PUT /api/inputs/SHA256, then submit again.") { Missing = missing };
        }
    }

    private static async Task Write(SentInput input, string folder, bool isModel, IObjectStore store, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in input.Files)
        {
            var path = Path.GetFullPath(Path.Combine(folder, file.Name));
            if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new InputException("inputs", $"has a file '{file.Name}', which lies outside its folder.", "Name files relative to it.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var target = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
            await using (target.ConfigureAwait(false))
            {
                if (!isModel || file.LengthBytes <= SmallBytes)
                {
                    await Copy(file, target, store, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private static async Task Copy(InputFile file, FileStream target, IObjectStore store, CancellationToken cancellationToken)
    {
        var source = await store.OpenRead(file.ObjectKey, 0, null, cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            await source.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
        }

        target.Position = 0;
        if (Convert.ToHexStringLower(await SHA256.HashDataAsync(target, cancellationToken).ConfigureAwait(false)) != file.Sha256)
        {
            throw new GmailClusterException($"{store.Location}: {file.ObjectKey}", "was truncated or altered.", "Remove it from the store and submit again.");
        }
    }

    // Only what lies below the folder that was opened for this: a spec must not make the API read its own secrets.
    private static string OwnInput(string path, ApiOptions options)
    {
        if (options.InputsFolder is not { } inputs)
        {
            throw new InputException(path, "was not sent.", "Submit with 'gmailcluster submit --api', which sends what a spec names.");
        }

        var root = Path.GetFullPath(inputs);
        var full = Path.GetFullPath(path, root);
        return full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? full
            : throw new InputException(path, "lies outside the API's folder of inputs.", "Name it relative to that folder, or send it.");
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
