using System.Security.Cryptography;
using System.Text;

namespace GmailCluster.Cluster.Experiments;

/// <summary>SHA-256 over what files hold: equal content gives equal keys, wherever the files are.</summary>
public static class ContentDigest
{
    /// <summary>Of a file's content, or of the names and contents of all files in a folder.</summary>
    public static string Of(string path, CancellationToken cancellationToken) => File.Exists(path)
        ? OfFile(path)
        : OfFiles(path, Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories), cancellationToken);

    /// <summary>Of files' names, relative to a folder, and contents, in ordinal order of the names.</summary>
    public static string OfFiles(string folder, IEnumerable<string> files, CancellationToken cancellationToken)
    {
        var named = files
            .Select(file => (Name: Path.GetRelativePath(folder, file).Replace('\\', '/'), File: file))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .ToArray();
        var digests = new string[named.Length];
        Parallel.For(0, named.Length, new ParallelOptions { CancellationToken = cancellationToken }, i => digests[i] = OfFile(named[i].File));
        return OfNames(named.Select((file, i) => (file.Name, digests[i])));
    }

    /// <summary>Of files' names and the SHA-256 of what they hold: what <see cref="Of"/> gives for a folder with these files.</summary>
    public static string OfNames(IEnumerable<(string Name, string Sha256)> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, digest) in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{digest}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
