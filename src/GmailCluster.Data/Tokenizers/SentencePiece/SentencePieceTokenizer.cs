using System.Buffers;
using System.Text;
using GmailCluster.Data.Tokenizers.Pipeline;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.SentencePiece;

/// <summary>Llama's tokenizer: a SentencePiece BPE, and the added tokens of the folder if it names any.</summary>
internal sealed class SentencePieceTokenizer : ITokenizer
{
    private readonly SentencePieceModel _model;
    private readonly SentencePieceEncoder _encoder;
    private readonly AddedVocabulary _added;
    private readonly TokenTemplate _template;
    private readonly bool _legacy;
    private readonly string _where;

    private SentencePieceTokenizer(SentencePieceModel model, FolderSettings settings, string where)
    {
        _model = model;
        _encoder = new SentencePieceEncoder(model);
        _added = new AddedVocabulary(settings.AddedTokens, new SequenceNormalizer([]));
        _legacy = settings.Legacy;
        _where = where;
        MaximumLength = settings.MaximumLength;
        var named = settings.Resolve(IdOf, where);
        Special = new SpecialTokenIds(
            named.Bos ?? model.BosId, named.Eos ?? model.EosId, named.Pad ?? model.PadId, named.Unk ?? model.UnkId);
        _template = new TokenTemplate(
            Optional(settings.AddBos ?? true, Special.Bos, "add_bos_token"), Optional(settings.AddEos ?? false, Special.Eos, "add_eos_token"));
    }

    public int VocabularySize => Math.Max(_added.HighestId + 1, _model.Pieces.Count);

    public SpecialTokenIds Special { get; }

    public int? MaximumLength { get; }

    public static SentencePieceTokenizer Load(string path, FolderSettings settings)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({problem.Message.TrimEnd('.')}).", "Check that the file is there and readable.", problem);
        }

        return new SentencePieceTokenizer(SentencePieceModel.Read(bytes, path), settings, path);
    }

    public IReadOnlyList<int> Encode(string text, bool addSpecialTokens = true)
    {
        var content = EncodeContent(text);
        return addSpecialTokens && _template.Count > 0 ? [.. _template.Before, .. content, .. _template.After] : content;
    }

    public int[] EncodePadded(string text, int length) =>
        PaddedRow.Build(_template.Before, EncodeContent(text), _template.After, length, Special.Pad, _where);

    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var (text, bytes) = (new StringBuilder(), new List<byte>());
        var mayDropSpace = _model.AddDummyPrefix || _model.RemoveExtraWhitespaces;
        foreach (var id in ids)
        {
            if (TokenOf(id) is not { } token)
            {
                continue;
            }

            var added = _added.Find(id);
            var kind = added is null ? _model.Pieces[id].Kind : PieceKind.UserDefined;
            if (kind == PieceKind.Byte && ByteFallbackDecoder.TryReadByte(token, out var value))
            {
                bytes.Add(value);
                continue;
            }

            FlushBytes(bytes, text);
            mayDropSpace &= text.Length == 0;
            if (added is not null || kind == PieceKind.Control)
            {
                var hidden = skipSpecialTokens && (added is null || added.Special);
                text.Append(hidden ? "" : token);
            }
            else if (id == _model.UnkId)
            {
                text.Append(_model.UnkSurface);
            }
            else
            {
                var drop = mayDropSpace && token[0] == SentencePieceEncoder.Space;
                mayDropSpace &= !drop || _model.RemoveExtraWhitespaces;
                text.Append((drop ? token[1..] : token).Replace(SentencePieceEncoder.Space, ' '));
            }
        }

        FlushBytes(bytes, text);
        return text.ToString();
    }

    public int? IdOf(string token) => _added.IdOf(token) ?? (_model.IdOf(token) is >= 0 and var id ? id : null);

    public string? TokenOf(int id) =>
        _added.Find(id)?.Content ?? (id >= 0 && id < _model.Pieces.Count ? _model.Pieces[id].Text : null);

    private List<int> EncodeContent(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length + 1);
        foreach (var (stretch, atStart, id) in _added.Split(Utf16.Repair(text)))
        {
            if (id is not null)
            {
                ids.Add(id.Value);
            }
            else
            {
                _encoder.Encode(stretch, allowPrefix: _legacy || atStart, ids);
            }
        }

        return ids;
    }

    // SentencePiece gives one U+FFFD for each byte that begins no character, .NET one for a whole broken sequence.
    private static void FlushBytes(List<byte> bytes, StringBuilder text)
    {
        var left = bytes.ToArray().AsSpan();
        bytes.Clear();
        while (left.Length > 0)
        {
            var whole = Rune.DecodeFromUtf8(left, out var rune, out var consumed) == OperationStatus.Done;
            text.Append(rune.ToString());
            left = left[(whole ? consumed : 1)..];
        }
    }

    private int[] Optional(bool wanted, int? id, string setting) => (wanted, id) switch
    {
        (false, _) => [],
        (true, { } known) => [known],
        _ => throw new InputException(_where, $"holds no token for {setting}.", $"Set {setting} to false in its tokenizer_config.json."),
    };
}
