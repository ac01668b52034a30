using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace GmailCluster.Cli.Tests.Secrets;

/// <summary>Looks for secrets in what a cluster lets out, as they are and as URLs and JSON write them.</summary>
internal sealed class SecretSearch
{
    private readonly List<(string Name, byte[] Form)> _forms = [];
    private readonly ConcurrentBag<string> _found = [];
    private long _searchedBytes;

    /// <summary>Where a secret was found: the secret's name and the place.</summary>
    public IReadOnlyCollection<string> Found => _found;

    /// <summary>How much was looked at: a search in nothing finds nothing.</summary>
    public long SearchedBytes => Interlocked.Read(ref _searchedBytes);

    /// <summary>Something that must not be found.</summary>
    public string Add(string name, string secret)
    {
        var json = JsonSerializer.Serialize(secret)[1..^1];
        foreach (var form in new[] { secret, Uri.EscapeDataString(secret), json, Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=')[..^1] }.Distinct())
        {
            _forms.Add((name, Encoding.UTF8.GetBytes(form)));
        }

        return secret;
    }

    public void In(string place, string text) => In(place, Encoding.UTF8.GetBytes(text));

    public void In(string place, ReadOnlySpan<byte> bytes)
    {
        Interlocked.Add(ref _searchedBytes, bytes.Length);
        foreach (var (name, form) in _forms)
        {
            if (bytes.IndexOf(form) is >= 0 and var at)
            {
                _found.Add($"{name} in {place}, at byte {at}: …{Encoding.UTF8.GetString(bytes[Math.Max(0, at - 80)..at])}");
            }
        }
    }
}
