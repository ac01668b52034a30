using System.Security.Cryptography;
using System.Text;
using GmailCluster.Data.Captions;
using GmailCluster.Specs;

namespace GmailCluster.Cluster.Experiments;

/// <summary>Reads what the planner must know of the files a spec names: their content hashes and how much they hold.</summary>
public static class InputReader
{
    /// <summary>Reads them.</summary>
    /// <exception cref="Errors.InputException">A file is missing or malformed; the message names it.</exception>
    public static async Task<InputFacts> Read(LoadedSpec loaded, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var spec = loaded.Spec;
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var dataset in spec.Data.Tests.Prepend(spec.Data.Train))
        {
            var path = loaded.Resolve(dataset.Path);
            if (!counts.ContainsKey(path))
            {
                counts[path] = (await DatasetReader.Open(dataset, loaded.Folder, cancellationToken)).Samples.Count;
                digests[path] = Digest(path, cancellationToken);
            }
        }

        var generates = spec.Generate is not null;
        var promptCount = 0;
        if (generates && spec.Data.Prompts is { } prompts)
        {
            digests[loaded.Resolve(prompts.Path)] = Digest(loaded.Resolve(prompts.Path), cancellationToken);
            promptCount = (await PromptReader.Read(prompts, loaded.Folder, cancellationToken)).Count;
        }
        else if (generates)
        {
            promptCount = counts[loaded.Resolve(spec.Data.Train.Path)];
        }

        var models = new[] { spec.Models.Clip, spec.Models.Diffusion, spec.Models.LanguageModel, spec.Models.LlavaLanguageModel };
        foreach (var path in models.OfType<string>().Select(loaded.Resolve))
        {
            digests[path] = Digest(path, cancellationToken);
        }

        return new InputFacts(digests, counts, promptCount);
    }

    // A folder's digest covers names and contents, in ordinal order of the names.
    private static string Digest(string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            return OfFile(path);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => (Name: Path.GetRelativePath(path, file).Replace('\\', '/'), File: file))
            .OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.Name}\n{OfFile(file.File)}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
