using System.Net;
using System.Security.Cryptography;
using GmailCluster.Errors;

namespace GmailCluster.Host.Roles;

/// <summary>
/// What the silos of a cluster know and nobody else. Silos that only their own machine can reach share a file that the first of
/// them makes, readable for its user alone; a silo that others can reach is given one.
/// </summary>
internal static class ClusterSecret
{
    private const int MinLength = 16;
    private const int MaxLength = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the secret.</summary>
    /// <param name="options">The silo's options.</param>
    /// <param name="address">Where it is reached.</param>
    /// <exception cref="InputException">There is none, or it is none; the message never shows it.</exception>
    public static string Read(SiloOptions options, IPAddress address)
    {
        if (options.SecretFile is { } file)
        {
            return Read(file);
        }

        return IPAddress.IsLoopback(address)
            ? ReadOwn(Path.Combine(options.CacheFolder, "secret"))
            : throw new InputException(
                "--secret-file", $"is missing, and {address} can be reached by others.", "Make one with 'openssl rand -base64 32 > secret' and give every silo the same.");
    }

    private static string Read(string file)
    {
        try
        {
            if (new FileInfo(file).Length > MaxLength)
            {
                throw new InputException(file, $"is no secret: it is longer than {MaxLength} bytes.", "Name the file with the cluster's secret.");
            }

            var secret = File.ReadAllText(file).Trim();
            return secret.Length >= MinLength
                ? secret
                : throw new InputException(file, $"is too short a secret: fewer than {MinLength} characters.", "Make one with 'openssl rand -base64 32' and give every silo the same.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", "Name the file with the cluster's secret, and let this user read it.", e);
        }
    }

    // Written aside and moved: several silos that start at once make one file, and each reads the one that won.
    private static string ReadOwn(string file)
    {
        if (!File.Exists(file))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var mine = $"{file}.{Guid.NewGuid():n}";
            var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                creation.UnixCreateMode = OwnerOnly; // there, a user's own folder is private as it is
            }

            using (var stream = new FileStream(mine, creation))
            {
                stream.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));
            }

            try
            {
                File.Move(mine, file, overwrite: false);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(mine);
            }
        }

        return Read(file);
    }
}
