using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>
/// A batch of texts as every attention of a UNet sees them. It depends on the texts alone, so a whole walk shares one.
/// Its tensors live in the dispose scope in which it was made, or once detached until it is disposed.
/// </summary>
internal sealed class TextContext : IDisposable
{
    private readonly Dictionary<CrossAttention, (Tensor Keys, Tensor Values)> _of;

    /// <param name="attentions">The attentions to a text.</param>
    /// <param name="text">Hidden states of the text encoder, [R, T, X].</param>
    public TextContext(IEnumerable<CrossAttention> attentions, Tensor text)
        : this(attentions.ToDictionary(a => a, a => a.KeysAndValues(text)), text.shape[0])
    {
    }

    private TextContext(Dictionary<CrossAttention, (Tensor Keys, Tensor Values)> of, long rows) => (_of, Rows) = (of, rows);

    /// <summary>R: texts in the batch.</summary>
    public long Rows { get; }

    /// <summary>Keys and values of one attention, each [R, H, T, D].</summary>
    public (Tensor Keys, Tensor Values) Of(CrossAttention attention) => _of[attention];

    /// <summary>Other rows, in another order, or one several times.</summary>
    /// <param name="rows">Indices into the rows here, int64.</param>
    public TextContext Select(Tensor rows) => new(
        _of.ToDictionary(p => p.Key, p => (p.Value.Keys.index_select(0, rows), p.Value.Values.index_select(0, rows))), rows.shape[0]);

    /// <summary>Takes the tensors out of their dispose scope: they are then this object's own.</summary>
    public TextContext Detach()
    {
        foreach (var (keys, values) in _of.Values)
        {
            keys.DetachFromDisposeScope();
            values.DetachFromDisposeScope();
        }

        return this;
    }

    public void Dispose()
    {
        foreach (var (keys, values) in _of.Values)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
