using System.Security.Cryptography;
using GmailCluster.Errors;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Api;

/// <summary>
/// The tokens that are let in: a file with a line <c>NAME read|write sha256:HEX</c> for each, <c>#</c> for comments. The file holds
/// hashes only, so whoever reads it cannot get in. It is read again when it changes: a token is given and taken without a restart.
/// </summary>
internal sealed partial class ApiTokens
{
    private const int MaxFileBytes = 1 << 20;

    private readonly string _file;
    private readonly ILogger<ApiTokens> _logger;
    private readonly Lock _lock = new();
    private (DateTime Time, long Length) _version;
    private List<Entry> _entries;

    private ApiTokens(string file, (DateTime, long) version, List<Entry> entries, ILogger<ApiTokens> logger) =>
        (_file, _version, _entries, _logger) = (file, version, entries, logger);

    /// <summary>Reads the file.</summary>
    /// <exception cref="InputException">It is not there, or a line is wrong; the message never shows a token.</exception>
    public static ApiTokens Read(string file, ILogger<ApiTokens> logger)
    {
        var version = VersionOf(file);
        return new ApiTokens(file, version, Parse(file), logger);
    }

    /// <summary>Whose token it is; null when it is nobody's. Takes as long for a token that is nearly right as for any other.</summary>
    public ApiCaller? Find(string token)
    {
        var hash = ApiToken.Hash(token);
        ApiCaller? found = null;
        foreach (var entry in Current())
        {
            if (CryptographicOperations.FixedTimeEquals(entry.Hash, hash))
            {
                found = entry.Caller;
            }
        }

        return found;
    }

    private List<Entry> Current()
    {
        lock (_lock)
        {
            try
            {
                if (VersionOf(_file) is var version && version != _version)
                {
                    _entries = Parse(_file);
                    _version = version;
                    LogRead(_entries.Count, _file);
                }
            }
            catch (InputException e)
            {
                // Half a list might be a wrong list: the last good one stays, and the log says so with each request until it is mended.
                LogNotRead(_file, e.Message);
            }

            return _entries;
        }
    }

    private static (DateTime, long) VersionOf(string file)
    {
        // Kubernetes swaps a link: what counts is the file behind it.
        var info = new FileInfo(file);
        var target = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
        return target.Exists
            ? (target.LastWriteTimeUtc, target.Length)
            : throw new InputException(file, "is not there.", "Make one with 'gmailcluster api token NAME --scope write >> FILE'.");
    }

    private static List<Entry> Parse(string file)
    {
        try
        {
            if (new FileInfo(file).Length > MaxFileBytes)
            {
                throw new InputException(file, $"is no file of tokens: it is larger than {MaxFileBytes} bytes.", "Name the file with a line for each token.");
            }

            var entries = new List<Entry>();
            foreach (var (i, line) in File.ReadAllLines(file).Index())
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                if (words.Length > 0 && words[0][0] != '#')
                {
                    entries.Add(ParseLine(words, $"{file}:{i + 1}"));
                }
            }

            return entries.Count > 0
                ? entries
                : throw new InputException(file, "holds no token.", "Add one with 'gmailcluster api token NAME --scope write >> FILE'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", "Let this user read it.", e);
        }
    }

    private static Entry ParseLine(string[] words, string where)
    {
        var scope = words.ElementAtOrDefault(1) switch
        {
            "read" => ApiScope.Read,
            "write" => ApiScope.Write,
            _ => (ApiScope?)null,
        };
        byte[]? hash = null;
        if (words is [_, _, var text] && text.StartsWith(ApiToken.HashPrefix, StringComparison.Ordinal) && text.Length == ApiToken.HashPrefix.Length + 64
            && text.Skip(ApiToken.HashPrefix.Length).All(char.IsAsciiHexDigit))
        {
            hash = Convert.FromHexString(text.AsSpan(ApiToken.HashPrefix.Length));
        }

        return scope is not null && hash is not null
            ? new Entry(new ApiCaller(words[0], scope.Value), hash)
            : throw new InputException(where, "is no line of a tokens file.", "Write 'NAME read|write sha256:HEX'; 'gmailcluster api token NAME --scope read' prints one.");
    }

    private sealed record Entry(ApiCaller Caller, byte[] Hash);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} tokens are let in by {File}")]
    private partial void LogRead(int count, string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} has changed and cannot be used, the tokens that it held before are still let in: {Problem}")]
    private partial void LogNotRead(string file, string problem);
}
