namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>The tokens on top of a model's vocabulary, and how they are found in a text.</summary>
internal sealed class AddedVocabulary
{
    private readonly INormalizer _normalizer;
    private readonly Dictionary<int, AddedToken> _byId = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly AddedTokenFinder _inRaw;
    private readonly AddedTokenFinder _inNormalized;

    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, INormalizer normalizer)
    {
        _normalizer = normalizer;
        foreach (var token in tokens)
        {
            _byId[token.Id] = token;
            _ids[token.Content] = token.Id;
        }

        _inRaw = new AddedTokenFinder(tokens.Where(t => !t.Normalized).Select(t => (t.Content, t)));
        _inNormalized = new AddedTokenFinder(tokens.Where(t => t.Normalized).Select(t => (normalizer.Normalize(t.Content), t)));
        HighestId = tokens.Count == 0 ? -1 : tokens.Max(t => t.Id);
    }

    public int HighestId { get; }

    public int? IdOf(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    public AddedToken? Find(int id) => _byId.GetValueOrDefault(id);

    /// <summary>Splits a text into added tokens and stretches of normalised text.</summary>
    public IEnumerable<(string Text, bool AtStart, int? Id)> Split(string text)
    {
        foreach (var raw in _inRaw.Split(text))
        {
            var stretch = text[raw.Start..raw.End];
            if (raw.Id is not null)
            {
                yield return (stretch, raw.Start == 0, raw.Id);
                continue;
            }

            var normalized = _normalizer.Normalize(stretch);
            foreach (var part in _inNormalized.Split(normalized))
            {
                yield return (normalized[part.Start..part.End], raw.Start == 0 && part.Start == 0, part.Id);
            }
        }
    }
}
