using System.Text;

namespace GmailCluster.Data.Tokenizers.SentencePiece;

/// <summary>
/// SentencePiece's own steps from text to ids: visible spaces, merging by score (best first, leftmost among equals), bytes for
/// what the vocabulary cannot spell.
/// </summary>
internal sealed class SentencePieceEncoder
{
    public const char Space = '\u2581';

    private readonly SentencePieceModel _model;
    private readonly ILookup<char, string> _userDefined;

    public SentencePieceEncoder(SentencePieceModel model)
    {
        _model = model;
        _userDefined = model.Pieces.Where(p => p.Kind == PieceKind.UserDefined).Select(p => p.Text)
            .OrderByDescending(text => text.Length).ToLookup(text => text[0]);
    }

    /// <summary>Appends the ids of a stretch of text.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="allowPrefix">Whether the model's dummy prefix (if it has one) is wanted here.</param>
    /// <param name="ids">Where to.</param>
    public void Encode(string text, bool allowPrefix, List<int> ids)
    {
        var normalized = Normalize(text, allowPrefix && _model.AddDummyPrefix);
        var wasUnknown = false;
        foreach (var id in Segment(normalized))
        {
            // A run of unknown characters is one unknown token.
            if (id.Id != _model.UnkId)
            {
                ids.Add(id.Id);
            }
            else if (_model.ByteIds is { } byteIds)
            {
                foreach (var value in Encoding.UTF8.GetBytes(normalized.Substring(id.Start, id.Length)))
                {
                    ids.Add(byteIds[value]);
                }
            }
            else if (!wasUnknown)
            {
                ids.Add(id.Id);
            }

            wasUnknown = id.Id == _model.UnkId;
        }
    }

    private string Normalize(string text, bool addPrefix)
    {
        if (_model.RemoveExtraWhitespaces)
        {
            var kept = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            text = string.Join(' ', kept);
        }

        if (text.Length == 0)
        {
            return text;
        }

        text = (addPrefix, _model.TreatWhitespaceAsSuffix) switch
        {
            (false, _) => text,
            (true, false) => " " + text,
            (true, true) => text + " ",
        };
        return _model.EscapeWhitespaces ? text.Replace(' ', Space) : text;
    }

    private List<(int Start, int Length, int Id)> Segment(string text)
    {
        var symbols = Spell(text);
        var queue = new PriorityQueue<(int Left, int Right, int Length), (float Cost, int Left)>();
        var halves = new Dictionary<string, int>(StringComparer.Ordinal); // of unused pieces: the length of the left half
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            Offer(i, i + 1);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            var (left, right) = (symbols[pair.Left], symbols[pair.Right]);
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
            {
                continue; // one of the two has been merged since
            }

            symbols[pair.Left] = left with { Length = pair.Length, Next = right.Next };
            symbols[pair.Right] = right with { Length = 0 };
            if (right.Next >= 0)
            {
                symbols[right.Next] = symbols[right.Next] with { Previous = pair.Left };
            }

            Offer(left.Previous, pair.Left);
            Offer(pair.Left, right.Next);
        }

        var found = new List<(int, int, int)>(symbols.Count);
        for (var i = symbols.Count > 0 ? 0 : -1; i >= 0; i = symbols[i].Next)
        {
            Emit(symbols[i].Start, symbols[i].Length);
        }

        return found;

        void Offer(int left, int right)
        {
            if (left < 0 || right < 0 || symbols[left].Frozen || symbols[right].Frozen)
            {
                return;
            }

            var (start, length) = (symbols[left].Start, symbols[left].Length + symbols[right].Length);
            var id = _model.MergeableId(text.AsSpan(start, length));
            if (id < 0)
            {
                return;
            }

            queue.Enqueue((left, right, length), (-_model.Pieces[id].Score, left));
            if (_model.Pieces[id].Kind == PieceKind.Unused)
            {
                halves[text.Substring(start, length)] = symbols[left].Length;
            }
        }

        // Unused pieces may serve as a step of merging and are taken apart again at the end.
        void Emit(int start, int length)
        {
            var piece = text.Substring(start, length);
            var id = _model.IdOf(piece);
            if (id >= 0 && _model.Pieces[id].Kind == PieceKind.Unused && halves.TryGetValue(piece, out var half))
            {
                Emit(start, half);
                Emit(start + half, length - half);
                return;
            }

            found.Add((start, length, id < 0 ? _model.UnkId : id));
        }
    }

    private List<Symbol> Spell(string text)
    {
        var symbols = new List<Symbol>(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var whole = _userDefined[text[at]].FirstOrDefault(t => text.AsSpan(at).StartsWith(t, StringComparison.Ordinal));
            var length = whole?.Length ?? (char.IsSurrogatePair(text, at) ? 2 : 1);
            symbols.Add(new Symbol(at, length, symbols.Count - 1, symbols.Count + 1, whole is not null));
            at += length;
        }

        if (symbols.Count > 0)
        {
            symbols[^1] = symbols[^1] with { Next = -1 };
        }

        return symbols;
    }

    /// <summary>A stretch of the text and its neighbours; length 0 once it is merged away; frozen when it may not merge.</summary>
    private readonly record struct Symbol(int Start, int Length, int Previous, int Next, bool Frozen);
}
