using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>A cache on its way: the prefix first, then a token a step for each row.</summary>
// B sequences, R rows (sequences or beams), P prefix tokens, C width, V vocabulary.
internal sealed class DecodingSession : IDisposable
{
    private readonly ICausalLanguageModel _model;
    private readonly Tensor _prefix;
    private readonly KvCache _cache;
    private readonly Device _device;
    private readonly long _capacity;
    private bool[][]? _visible; // a row's prefix, where it is padded
    private long[] _real = [];  // its tokens without padding

    public DecodingSession(ICausalLanguageModel model, Tensor prefix, Tensor? attentionMask, long capacity)
    {
        (_model, _prefix, _capacity, _device) = (model, prefix, capacity, prefix.device);
        if (attentionMask is not null)
        {
            (_visible, _real) = Padding(prefix, attentionMask);
        }

        _cache = model.NewCache(prefix.shape[0], capacity);
    }

    public int VocabularySize => _model.VocabularySize;

    public int SequenceCount => (int)_prefix.shape[0];

    /// <summary>Reads the prefix.</summary>
    /// <returns>Logits of the first new token, [B, V].</returns>
    public Tensor Start() => Next(_prefix, Positions(_prefix.shape[1]));

    /// <summary>Reads one token a row.</summary>
    /// <returns>Logits of the token after it, [R, V].</returns>
    public Tensor Step(long[] ids) => Next(_model.Embed(tensor(ids, [ids.Length, 1], device: _device)), Positions(1));

    /// <summary>New row i continues what row <paramref name="rows"/>[i] has read.</summary>
    public void Select(IReadOnlyList<long> rows)
    {
        _cache.Select(rows);
        if (_visible is { } visible)
        {
            var real = _real;
            (_visible, _real) = ([.. rows.Select(r => visible[r])], [.. rows.Select(r => real[r])]);
        }
    }

    public void Dispose() => _cache.Dispose();

    private Tensor Next(Tensor embeddings, Tensor? positions)
    {
        var hidden = _model.HiddenStates(embeddings, Mask(embeddings.shape[1]), _cache, positions); // [R, T, C]
        return _model.Logits(hidden.select(1, hidden.shape[1] - 1));                               // [R, V]
    }

    private Tensor? Mask(long tokens)
    {
        if (_visible is null)
        {
            return null;
        }

        var length = (int)(_cache.Length + tokens);
        var flat = new bool[_visible.Length * length];
        foreach (var (r, row) in _visible.Index())
        {
            flat.AsSpan(r * length, length).Fill(true);
            row.CopyTo(flat, r * length);
        }

        return tensor(flat, [_visible.Length, length], device: _device);
    }

    // Padding counts for nothing: a row's first real token stands at 0.
    private Tensor? Positions(long tokens)
    {
        if (_visible is null)
        {
            return null;
        }

        var padding = _visible.Select((row, r) => row.Length - _real[r]).ToArray();
        var flat = padding.SelectMany(p => Enumerable.Range(0, (int)tokens).Select(t => Math.Max(0, _cache.Length + t - p))).ToArray();
        return tensor(flat, [padding.Length, tokens], device: _device);
    }

    private static (bool[][]? Visible, long[] Real) Padding(Tensor prefix, Tensor attentionMask)
    {
        if (!attentionMask.shape.SequenceEqual(prefix.shape.Take(2)))
        {
            throw new ArgumentException(
                $"attentionMask: expected [{string.Join(", ", prefix.shape.Take(2))}], got [{string.Join(", ", attentionMask.shape)}]", nameof(attentionMask));
        }

        var visible = attentionMask.ne(0).cpu().contiguous().data<bool>().ToArray().Chunk((int)prefix.shape[1]).ToArray();
        if (visible.All(row => row.All(v => v)))
        {
            return (null, []);
        }

        var real = visible.Select(row => (long)row.Count(v => v)).ToArray();
        if (visible.Any(row => !row[^1] || row.SkipWhile(v => !v).Any(v => !v)))
        {
            throw new ArgumentException("attentionMask: padding must stand on the left of every row, so that the last token is real", nameof(attentionMask));
        }

        return (visible, real);
    }
}
