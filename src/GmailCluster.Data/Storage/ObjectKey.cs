using System.Buffers;
using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>The rules for object keys that every store enforces, so that a key fit for one store is fit for all.</summary>
public static class ObjectKey
{
    /// <summary>The longest key, in characters.</summary>
    public const int MaxLength = 512;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");

    /// <summary>Refuses a key that breaks the rules.</summary>
    /// <param name="key">The key of one object.</param>
    /// <exception cref="InputException">The key is not usable; the message says why.</exception>
    public static void Validate(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (Problem(key) is { } problem)
        {
            throw Refused(key, problem);
        }
    }

    /// <summary>Refuses a prefix that no key can start with. The empty prefix lists everything.</summary>
    /// <exception cref="InputException">The prefix is not usable; the message says why.</exception>
    public static void ValidatePrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length == 0)
        {
            return;
        }

        // The last segment may be cut anywhere, so complete it before judging the whole.
        if (Problem(prefix[^1] is '/' or '.' ? prefix + "x" : prefix) is { } problem)
        {
            throw Refused(prefix, problem);
        }
    }

    /// <summary>True for a name that obeys the rules.</summary>
    internal static bool IsKey(string name) => Problem(name) is null;

    /// <summary>True for a name that may be one segment of a key.</summary>
    internal static bool IsSegment(ReadOnlySpan<char> name) =>
        name.Length > 0 && name[^1] != '.' && !name.ContainsAnyExcept(Allowed); // blob storage and Windows drop a last '.'

    private static string? Problem(string key)
    {
        if (key.Length is 0 or > MaxLength)
        {
            return $"has {key.Length} characters, outside 1..{MaxLength}.";
        }

        foreach (var range in key.AsSpan().Split('/'))
        {
            if (!IsSegment(key.AsSpan()[range]))
            {
                return $"has the segment '{key[range]}'.";
            }
        }

        return null;
    }

    private static InputException Refused(string key, string problem) => new(
        $"object key '{key}'", problem, "Use '/'-separated segments of letters, digits and . _ + -, none ending in '.'.");
}
