using GmailCluster.Data.Json;

namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>Tokens and their ids, one to one.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<int, string> _tokens;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _spans;

    private Vocabulary(Dictionary<string, int> ids, Dictionary<int, string> tokens)
    {
        _ids = ids;
        _tokens = tokens;
        _spans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        HighestId = tokens.Count == 0 ? -1 : tokens.Keys.Max();
    }

    public int Count => _ids.Count;

    public int HighestId { get; }

    public IEnumerable<string> Tokens => _ids.Keys;

    /// <summary>Reads <c>{"token": id, ...}</c>.</summary>
    public static Vocabulary Read(JsonSection section)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var tokens = new Dictionary<int, string>();
        foreach (var (token, value) in section.Properties())
        {
            var id = value.AsCount();
            if (!ids.TryAdd(token, id))
            {
                throw value.Error($"is the second entry for the token '{token}'.");
            }

            if (!tokens.TryAdd(id, token))
            {
                throw value.Error($"has the id {id}, which '{tokens[id]}' has already.");
            }
        }

        return ids.Count > 0 ? new Vocabulary(ids, tokens) : throw section.Error("holds no tokens.");
    }

    public bool TryGetId(ReadOnlySpan<char> token, out int id) => _spans.TryGetValue(token, out id);

    public int? IdOf(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    public string? TokenOf(int id) => _tokens.GetValueOrDefault(id);
}
