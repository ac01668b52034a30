using System.Globalization;
using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Shards;

/// <summary>
/// Sample keys. WebDataset cuts a member's base name at its first dot, so an id with a dot (a file name, a URL) cannot be a key
/// as it is: <see cref="FromId"/> escapes what a key may not hold, <see cref="ToId"/> undoes it.
/// </summary>
public static class ShardKey
{
    /// <summary>A key for any id: '.', '%', '/', '\', ':', spaces and control characters become %XX of their UTF-8.</summary>
    public static string FromId(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        var key = new StringBuilder(id.Length);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in id.EnumerateRunes())
        {
            if (rune.Value is not ('.' or '%' or '/' or '\\' or ':' or ' ') && !Rune.IsControl(rune))
            {
                key.Append(rune.ToString());
                continue;
            }

            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
            {
                key.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return key.ToString();
    }

    /// <summary>The id that <see cref="FromId"/> was given.</summary>
    public static string ToId(string key) => Uri.UnescapeDataString(key);

    /// <summary>Cuts a member's name as webdataset does; null when the name has no key or no extension.</summary>
    internal static (string Key, string Extension)? Split(string name)
    {
        var start = name.LastIndexOf('/') + 1;
        var dot = name.IndexOf('.', start);
        return dot <= start || dot == name.Length - 1 ? null : (name[..dot], name[(dot + 1)..].ToLowerInvariant());
    }

    /// <summary>Why a tar member's name is dangerous to use as a path; null when it is not.</summary>
    internal static string? Danger(string name) => name switch
    {
        "" => "is empty",
        _ when name[0] == '/' || (name.Length > 1 && name[1] == ':' && char.IsAsciiLetter(name[0])) => "is an absolute path",
        _ when name.Split('/').Contains("..") => "climbs out of its folder with '..'",
        _ when name.Contains('\\', StringComparison.Ordinal) => "has a backslash",
        _ when name.Any(char.IsControl) => "has a control character",
        _ => null,
    };

    /// <summary>Refuses a sample that would not be read back as it is written.</summary>
    internal static void Validate(ShardSample sample)
    {
        if (sample.Members.Count == 0)
        {
            throw Refused(sample.Key, "has no members.", "Give each sample at least one member.");
        }

        foreach (var extension in sample.Members.Keys)
        {
            var name = $"{sample.Key}.{extension}";
            if (Danger(name) is { } danger)
            {
                throw Refused(sample.Key, $"gives the member name '{name}', which {danger}.", "Make the key with ShardKey.FromId.");
            }

            if (extension.Contains('/', StringComparison.Ordinal) || Split(name) != (sample.Key, extension))
            {
                throw Refused(
                    sample.Key, $"and extension '{extension}' would not be read back as they are.",
                    "Make the key with ShardKey.FromId, and write the extension in lower case.");
            }
        }
    }

    private static InputException Refused(string key, string problem, string remedy) => new($"sample key '{key}'", problem, remedy);
}
