using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// The keys and values of the tokens so far, one pair of tensors a layer, allocated once for the longest sequence. It belongs to
/// one generation: never share it between threads.
/// </summary>
// R rows, H key heads, S capacity, D head width.
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    internal KvCache(int layers, long rows, long heads, long capacity, long headWidth, ScalarType type, Device device)
    {
        Tensor Space() => empty([rows, heads, capacity, headWidth], dtype: type, device: device).DetachFromDisposeScope();
        (Rows, Capacity) = (rows, capacity);
        _keys = [.. Enumerable.Range(0, layers).Select(_ => Space())];
        _values = [.. Enumerable.Range(0, layers).Select(_ => Space())];
    }

    /// <summary>How many sequences it holds.</summary>
    public long Rows { get; private set; }

    /// <summary>How many tokens there is room for.</summary>
    public long Capacity { get; }

    /// <summary>How many tokens it holds.</summary>
    public long Length { get; private set; }

    /// <summary>Writes the new tokens of one layer behind the old ones. <see cref="Advance"/> follows when every layer has.</summary>
    /// <param name="layer">0-based.</param>
    /// <param name="keys">[R, H, T, D].</param>
    /// <param name="values">[R, H, T, D].</param>
    /// <param name="tokens">T.</param>
    /// <returns>Views of all keys and values, new ones included, [R, H, Length + T, D].</returns>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values, long tokens)
    {
        var end = Length + tokens;
        if (end > Capacity)
        {
            throw new InvalidOperationException($"The cache has room for {Capacity} tokens, not for {end}.");
        }

        _keys[layer].narrow(2, Length, tokens).copy_(keys);
        _values[layer].narrow(2, Length, tokens).copy_(values);
        return (_keys[layer].narrow(2, 0, end), _values[layer].narrow(2, 0, end));
    }

    internal void Advance(long tokens) => Length += tokens;

    /// <summary>Keeps, repeats, reorders or drops rows: new row i is what row <paramref name="rows"/>[i] was.</summary>
    internal void Select(IReadOnlyList<long> rows)
    {
        if (rows.Count == Rows && rows.Index().All(r => r.Item == r.Index))
        {
            return;
        }

        using var scope = NewDisposeScope();
        var index = tensor([.. rows], dtype: ScalarType.Int64, device: _keys[0].device);
        foreach (var side in new[] { _keys, _values })
        {
            for (var layer = 0; layer < side.Length; layer++)
            {
                side[layer] = Select(side[layer], index, rows.Count);
            }
        }

        Rows = rows.Count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor.Dispose();
        }
    }

    private Tensor Select(Tensor space, Tensor index, long rows)
    {
        var filled = space.narrow(2, 0, Length);
        var picked = filled.index_select(0, index);
        if (rows == Rows)
        {
            filled.copy_(picked);
            return space;
        }

        var fresh = empty([rows, space.shape[1], Capacity, space.shape[3]], dtype: space.dtype, device: space.device).DetachFromDisposeScope();
        fresh.narrow(2, 0, Length).copy_(picked);
        space.Dispose();
        return fresh;
    }
}
