using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>What transformers keeps under <c>model.</c>: embeddings, layers, last norm.</summary>
// B rows, T new tokens, C width.
internal sealed class LlamaTransformer : nn.Module
{
    [ComponentName(Name = "embed_tokens")] private readonly TokenTable _tokens;
    [ComponentName(Name = "layers")] private readonly ModuleList<LlamaLayer> _layers;
    [ComponentName(Name = "norm")] private readonly RmsNorm _norm;
    private readonly RotaryEmbedding _rotary;

    public LlamaTransformer(LlamaConfig config)
        : base(nameof(LlamaTransformer))
    {
        _tokens = new TokenTable(config.VocabSize, config.HiddenSize);
        _layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => new LlamaLayer(config, i))]);
        _norm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        _rotary = new RotaryEmbedding(config);
        RegisterComponents();
    }

    /// <summary>[V, C].</summary>
    public Parameter TokenTable => _tokens.Weight;

    /// <summary>From ids [B, T] to [B, T, C].</summary>
    public Tensor Embed(Tensor ids) => _tokens.forward(ids);

    /// <summary>From embeddings [B, T, C] to states below the head [B, T, C].</summary>
    public Tensor forward(Tensor embeddings, Tensor? attentionMask, KvCache? cache, Tensor? positions, Generator? dropout, LayerBoundary? boundary)
    {
        var (past, t) = (cache?.Length ?? 0, embeddings.shape[1]);
        var angles = _rotary.Angles(positions ?? arange(past, past + t, device: embeddings.device), embeddings.dtype);
        var mask = AttentionMask.For(t, past + t, attentionMask, embeddings.dtype, embeddings.device);
        var hidden = embeddings;
        foreach (var (below, layer) in _layers.Index())
        {
            hidden = below > 0 && boundary is not null ? boundary(hidden, below) : hidden;
            hidden = layer.forward(hidden, angles, mask, cache, dropout);
        }

        cache?.Advance(t);
        return _norm.forward(hidden);
    }
}
