namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>
/// A tokenizer made of the steps that Hugging Face's tokenizers library knows: added tokens, normalizer, pre-tokenizer, BPE,
/// template; and a decoder for the way back.
/// </summary>
internal sealed class PipelineTokenizer : ITokenizer
{
    private readonly PipelineParts _parts;
    private readonly AddedVocabulary _added;
    private readonly HashSet<string> _special;
    private readonly string _where;

    public PipelineTokenizer(PipelineParts parts, SpecialTokenIds special, int? maximumLength, string where)
    {
        _parts = parts;
        _where = where;
        _added = new AddedVocabulary(parts.AddedTokens, parts.Normalizer);
        _special = parts.AddedTokens.Where(t => t.Special).Select(t => t.Content).ToHashSet(StringComparer.Ordinal);
        Special = special;
        MaximumLength = maximumLength;
    }

    public int VocabularySize => Math.Max(_added.HighestId, _parts.Model.Vocabulary.HighestId) + 1;

    public SpecialTokenIds Special { get; }

    public int? MaximumLength { get; }

    public IReadOnlyList<int> Encode(string text, bool addSpecialTokens = true)
    {
        var content = EncodeContent(text);
        return addSpecialTokens && _parts.Template.Count > 0
            ? [.. _parts.Template.Before, .. content, .. _parts.Template.After]
            : content;
    }

    public int[] EncodePadded(string text, int length) =>
        PaddedRow.Build(_parts.Template.Before, EncodeContent(text), _parts.Template.After, length, Special.Pad, _where);

    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var tokens = new List<string>();
        foreach (var id in ids)
        {
            if (TokenOf(id) is { } token && !(skipSpecialTokens && _special.Contains(token)))
            {
                tokens.Add(token);
            }
        }

        return string.Concat(_parts.Decoder.Decode(tokens));
    }

    public int? IdOf(string token) => _added.IdOf(token) ?? _parts.Model.Vocabulary.IdOf(token);

    public string? TokenOf(int id) => _added.Find(id)?.Content ?? _parts.Model.Vocabulary.TokenOf(id);

    private List<int> EncodeContent(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 3) + 4);
        foreach (var (stretch, atStart, id) in _added.Split(Utf16.Repair(text)))
        {
            if (id is not null)
            {
                ids.Add(id.Value);
                continue;
            }

            foreach (var piece in _parts.PreTokenizer.Split([new Piece(stretch, atStart)]))
            {
                _parts.Model.Encode(piece.Text, ids);
            }
        }

        return ids;
    }
}
