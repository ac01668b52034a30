using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

/// <summary>What transformers keeps under <c>transformer.</c>: embeddings, blocks, last norm.</summary>
// B rows, T new tokens, C width.
internal sealed class Gpt2Transformer : nn.Module
{
    [ComponentName(Name = "wte")] private readonly TokenTable _tokens;
    [ComponentName(Name = "wpe")] private readonly TokenTable _positions;
    [ComponentName(Name = "h")] private readonly ModuleList<Gpt2Block> _blocks;
    [ComponentName(Name = "ln_f")] private readonly LayerNorm _norm;
    private readonly double _dropout;

    public Gpt2Transformer(Gpt2Config config)
        : base(nameof(Gpt2Transformer))
    {
        _tokens = new TokenTable(config.VocabSize, config.NEmbd);
        _positions = new TokenTable(config.NPositions, config.NEmbd);
        _blocks = nn.ModuleList([.. Enumerable.Range(0, config.NLayer).Select(i => new Gpt2Block(config, i))]);
        _norm = nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
        _dropout = config.EmbdPdrop;
        RegisterComponents();
    }

    /// <summary>[V, C].</summary>
    public Parameter TokenTable => _tokens.Weight;

    /// <param name="ids">[B, T].</param>
    /// <returns>[B, T, C].</returns>
    public Tensor Embed(Tensor ids) => _tokens.forward(ids);

    /// <summary>From embeddings [B, T, C] to states below the head [B, T, C].</summary>
    public Tensor forward(Tensor embeddings, Tensor? attentionMask, KvCache? cache, Tensor? positions, Generator? dropout, LayerBoundary? boundary)
    {
        var (past, t) = (cache?.Length ?? 0, embeddings.shape[1]);
        var places = positions is null ? _positions.Weight.narrow(0, past, t) : _positions.forward(positions); // [T, C] or [B, T, C]
        var hidden = KeyedDropout.Apply(embeddings + places, _dropout, dropout);
        var mask = AttentionMask.For(t, past + t, attentionMask, embeddings.dtype, embeddings.device);
        foreach (var (below, block) in _blocks.Index())
        {
            hidden = below > 0 && boundary is not null ? boundary(hidden, below) : hidden;
            hidden = block.forward(hidden, mask, cache, dropout);
        }

        cache?.Advance(t);
        return _norm.forward(hidden);
    }
}
