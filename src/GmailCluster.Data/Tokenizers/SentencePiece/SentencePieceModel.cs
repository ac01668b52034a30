using GmailCluster.Data.Tokenizers.Pipeline;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.SentencePiece;

/// <summary>A tokenizer.model: a BPE vocabulary of the SentencePiece library (Kudo and Richardson 2018, arXiv 1808.06226).</summary>
internal sealed class SentencePieceModel
{
    private const int Bpe = 2;

    private readonly List<ModelPiece> _pieces = [];
    private readonly Dictionary<string, int> _mergeable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _mergeableSpans;
    private readonly int[] _byteIds = new int[256];
    private readonly string _where;
    private int _modelType = 1;
    private int _charsMapLength;
    private bool _byteFallback;
    private (string Bos, string Eos, string Pad) _names = ("<s>", "</s>", "<pad>");

    private SentencePieceModel(string where)
    {
        _where = where;
        _mergeableSpans = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyList<ModelPiece> Pieces => _pieces;

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public bool EscapeWhitespaces { get; private set; } = true;

    public bool TreatWhitespaceAsSuffix { get; private set; }

    public string UnkSurface { get; private set; } = " \u2047 ";

    public int UnkId { get; private set; } = -1;

    public int? BosId => ControlId(_names.Bos);

    public int? EosId => ControlId(_names.Eos);

    public int? PadId => ControlId(_names.Pad);

    /// <summary>Ids of the byte pieces by byte; null where the model has none.</summary>
    public int[]? ByteIds => _byteFallback ? _byteIds : null;

    public static SentencePieceModel Read(ReadOnlySpan<byte> bytes, string where)
    {
        var model = new SentencePieceModel(where);
        var reader = new ProtoReader(bytes, 0, where);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 1:
                    model.AddPiece(reader.ReadMessage());
                    break;
                case 2:
                    model.ReadTrainer(reader.ReadMessage());
                    break;
                case 3:
                    model.ReadNormalizer(reader.ReadMessage());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        model.Check();
        return model;
    }

    /// <summary>The id of a piece that text may be merged into, or -1.</summary>
    public int MergeableId(ReadOnlySpan<char> text) => _mergeableSpans.TryGetValue(text, out var id) ? id : -1;

    /// <summary>The id of any piece, or -1.</summary>
    public int IdOf(string text) =>
        _reserved.TryGetValue(text, out var reserved) ? reserved : _mergeable.GetValueOrDefault(text, -1);

    private int? ControlId(string name) =>
        _reserved.TryGetValue(name, out var id) && _pieces[id].Kind == PieceKind.Control ? id : null;

    private void AddPiece(ProtoReader reader)
    {
        var (text, score, kind) = ("", 0f, PieceKind.Normal);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 1:
                    text = reader.ReadString();
                    break;
                case 2:
                    score = reader.ReadFloat();
                    break;
                case 3:
                    kind = (PieceKind)reader.ReadInteger();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (text.Length == 0 || !Enum.IsDefined(kind) || float.IsNaN(score))
        {
            throw reader.Error($"holds a piece '{text}' of kind {kind} with the score {score}");
        }

        var id = _pieces.Count;
        var known = kind is PieceKind.Normal or PieceKind.UserDefined or PieceKind.Unused ? _mergeable : _reserved;
        if (!known.TryAdd(text, id))
        {
            throw reader.Error($"holds the piece '{text}' twice");
        }

        _pieces.Add(new ModelPiece(text, score, kind));
        if (kind == PieceKind.Unknown)
        {
            UnkId = UnkId < 0 ? id : throw reader.Error("holds two unknown pieces");
        }
    }

    private void ReadTrainer(ProtoReader reader)
    {
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 3:
                    _modelType = (int)reader.ReadInteger();
                    break;
                case 24:
                    TreatWhitespaceAsSuffix = reader.ReadBoolean();
                    break;
                case 35:
                    _byteFallback = reader.ReadBoolean();
                    break;
                case 44:
                    UnkSurface = reader.ReadString();
                    break;
                case 46:
                    _names.Bos = reader.ReadString();
                    break;
                case 47:
                    _names.Eos = reader.ReadString();
                    break;
                case 48:
                    _names.Pad = reader.ReadString();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadNormalizer(ProtoReader reader)
    {
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 2:
                    _charsMapLength = reader.ReadBytes().Length;
                    break;
                case 3:
                    AddDummyPrefix = reader.ReadBoolean();
                    break;
                case 4:
                    RemoveExtraWhitespaces = reader.ReadBoolean();
                    break;
                case 5:
                    EscapeWhitespaces = reader.ReadBoolean();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void Check()
    {
        if (_modelType != Bpe)
        {
            throw new InputException(
                _where, $"is a SentencePiece model of type {_modelType}; BPE (2) is supported.", "Use a Llama tokenizer, or export a tokenizer.json.");
        }

        if (_charsMapLength > 0)
        {
            throw new InputException(
                _where, $"normalises text with a table of {_charsMapLength} bytes, which is not supported (Llama's is 'identity').",
                "Use a Llama tokenizer, or export a tokenizer.json.");
        }

        if (UnkId < 0)
        {
            throw new InputException(_where, "holds no unknown piece.", "The file may be cut short or damaged: fetch or export it again.");
        }

        if (!_byteFallback)
        {
            return;
        }

        Array.Fill(_byteIds, -1);
        foreach (var (text, id) in _reserved)
        {
            if (_pieces[id].Kind == PieceKind.Byte && ByteFallbackDecoder.TryReadByte(text, out var value))
            {
                _byteIds[value] = id;
            }
        }

        var missing = Array.IndexOf(_byteIds, -1);
        if (missing >= 0)
        {
            throw new InputException(
                _where, $"falls back to bytes and holds no piece <0x{missing:X2}>.", "The file may be cut short or damaged: fetch or export it again.");
        }
    }
}
