using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>A byte-pair-encoding model: a word (as the pre-tokenizer left it) to ids. Thread-safe.</summary>
internal sealed class BpeModel
{
    private const int CachedWords = 20_000;
    private const int CachedWordLength = 64;

    private readonly BpeOptions _options;
    private readonly MergeTable _merges;
    private readonly int? _unkId;
    private readonly int[]? _byteIds;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);

    /// <param name="vocabulary">All tokens of the model.</param>
    /// <param name="merges">Merge rules, best first.</param>
    /// <param name="options">The model's settings.</param>
    /// <param name="where">Names the place of a merge rule, for messages.</param>
    /// <param name="whereModel">Names the model, for messages.</param>
    public BpeModel(
        Vocabulary vocabulary, IReadOnlyList<MergeRule> merges, BpeOptions options, Func<int, string> where, string whereModel)
    {
        Vocabulary = vocabulary;
        _options = options;
        _merges = new MergeTable(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            var merged = right.StartsWith(options.ContinuingSubwordPrefix, StringComparison.Ordinal)
                ? left + right[options.ContinuingSubwordPrefix.Length..]
                : left + right;
            _merges.Set(Id(left, rank), Id(right, rank), rank, Id(merged, rank));
        }

        if (options.UnkToken is { } unk)
        {
            _unkId = vocabulary.IdOf(unk) ?? throw new InputException(
                whereModel, $"names '{unk}' as its unknown token, which the vocabulary does not hold.", "Fetch or export the file again.");
        }

        if (options.ByteFallback)
        {
            var bytes = Enumerable.Range(0, 256).Select(b => vocabulary.IdOf(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>")) ?? -1).ToArray();
            _byteIds = bytes;
        }

        int Id(string token, int rank) => vocabulary.IdOf(token) ?? throw new InputException(
            where(rank), $"merges '{merges[rank].Left}' and '{merges[rank].Right}', but the vocabulary holds no '{token}'.",
            "Vocabulary and merges are not of the same tokenizer, or one of them is damaged: fetch or export both again.");
    }

    public Vocabulary Vocabulary { get; }

    public BpeOptions Options => _options;

    /// <summary>Appends the ids of one word.</summary>
    public void Encode(string word, List<int> ids)
    {
        if (word.Length == 0)
        {
            return;
        }

        if (_options.IgnoreMerges && Vocabulary.TryGetId(word, out var whole))
        {
            ids.Add(whole);
        }
        else if (word.Length > CachedWordLength)
        {
            EncodeUncached(word, ids);
        }
        else if (_cache.TryGetValue(word, out var known))
        {
            ids.AddRange(known);
        }
        else
        {
            var start = ids.Count;
            EncodeUncached(word, ids);
            if (_cache.Count < CachedWords)
            {
                _cache.TryAdd(word, [.. ids.Skip(start)]);
            }
        }
    }

    private void EncodeUncached(string word, List<int> ids)
    {
        var symbols = ArrayPool<int>.Shared.Rent(
            ((word.Length * (1 + _options.ContinuingSubwordPrefix.Length)) + _options.EndOfWordSuffix.Length) * 3); // bytes at most
        var count = Spell(word, symbols);
        count = BpeMerger.Merge(symbols.AsSpan(0, count), _merges);
        ids.AddRange(symbols.AsSpan(0, count));
        ArrayPool<int>.Shared.Return(symbols);
    }

    // One symbol a character, with the suffix on the last and the prefix on all but the first.
    private int Spell(string word, int[] symbols)
    {
        var (count, unknowns) = (0, 0);
        var (prefix, suffix) = (_options.ContinuingSubwordPrefix, _options.EndOfWordSuffix);
        Span<char> buffer = new char[prefix.Length + 2 + suffix.Length];
        for (var at = 0; at < word.Length;)
        {
            var length = char.IsSurrogatePair(word, at) ? 2 : 1;
            var (first, last) = (at == 0, at + length == word.Length);
            var filled = 0;
            Append(first ? "" : prefix, buffer, ref filled);
            Append(word.AsSpan(at, length), buffer, ref filled);
            Append(last ? suffix : "", buffer, ref filled);
            ReadOnlySpan<char> symbol = buffer[..filled];
            at += length;
            if (Vocabulary.TryGetId(symbol, out var id))
            {
                FlushUnknowns(symbols, ref count, ref unknowns);
                symbols[count++] = id;
            }
            else if (_byteIds is null || !TrySpellBytes(symbol, symbols, ref count))
            {
                unknowns = _unkId is null ? 0 : unknowns + 1;
            }
        }

        FlushUnknowns(symbols, ref count, ref unknowns);
        return count;

        static void Append(ReadOnlySpan<char> part, Span<char> buffer, ref int filled)
        {
            part.CopyTo(buffer[filled..]);
            filled += part.Length;
        }
    }

    private void FlushUnknowns(int[] symbols, ref int count, ref int unknowns)
    {
        for (var i = _options.FuseUnk ? Math.Min(unknowns, 1) : unknowns; i > 0; i--)
        {
            symbols[count++] = _unkId!.Value;
        }

        unknowns = 0;
    }

    private bool TrySpellBytes(ReadOnlySpan<char> symbol, int[] symbols, ref int count)
    {
        Span<byte> utf8 = stackalloc byte[64];
        if (Encoding.UTF8.GetMaxByteCount(symbol.Length) > utf8.Length)
        {
            utf8 = new byte[Encoding.UTF8.GetMaxByteCount(symbol.Length)];
        }

        utf8 = utf8[..Encoding.UTF8.GetBytes(symbol, utf8)];
        foreach (var value in utf8)
        {
            if (_byteIds![value] < 0)
            {
                return false;
            }
        }

        foreach (var value in utf8)
        {
            symbols[count++] = _byteIds![value];
        }

        return true;
    }
}
