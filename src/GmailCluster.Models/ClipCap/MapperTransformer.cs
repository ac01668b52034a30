using GmailCluster.Models.Lora;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.ClipCap;

/// <summary>CLIP_prefix_caption's <c>Transformer</c>: pre-norm layers over all tokens, in both directions.</summary>
// B rows, T tokens, C width, H heads, D = C / H.
internal sealed class MapperTransformer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layers")] private readonly ModuleList<MapperLayer> _layers;

    public MapperTransformer(ClipCapConfig config, long width)
        : base(nameof(MapperTransformer))
    {
        _layers = nn.ModuleList([.. Enumerable.Range(0, config.NumLayers).Select(_ => new MapperLayer(width, config.NumHeads))]);
        RegisterComponents();
    }

    /// <summary>From [B, T, C] to [B, T, C].</summary>
    public override Tensor forward(Tensor input) => _layers.Aggregate(input, (hidden, layer) => layer.forward(hidden));
}

internal sealed class MapperLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly LayerNorm _attentionNorm;
    [ComponentName(Name = "attn")] private readonly MapperAttention _attention;
    [ComponentName(Name = "norm2")] private readonly LayerNorm _feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly MapperFeedForward _feedForward;

    public MapperLayer(long width, int heads)
        : base(nameof(MapperLayer))
    {
        _attentionNorm = nn.LayerNorm(width);
        _attention = new MapperAttention(width, heads);
        _feedForwardNorm = nn.LayerNorm(width);
        _feedForward = new MapperFeedForward(width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var attended = input + _attention.forward(_attentionNorm.forward(input));
        return (attended + _feedForward.forward(_feedForwardNorm.forward(attended))).MoveToOuterDisposeScope();
    }
}

internal sealed class MapperAttention : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "to_queries")] private readonly AdaptableLinear _queries;
    [ComponentName(Name = "to_keys_values")] private readonly AdaptableLinear _keysValues;
    [ComponentName(Name = "project")] private readonly AdaptableLinear _output;
    private readonly int _heads;

    public MapperAttention(long width, int heads)
        : base(nameof(MapperAttention))
    {
        _heads = heads;
        _queries = new AdaptableLinear(width, width, hasBias: false);
        _keysValues = new AdaptableLinear(width, 2 * width, hasBias: false);
        _output = new AdaptableLinear(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var (b, t, c) = (input.shape[0], input.shape[1], input.shape[2]);
        var query = _queries.forward(input).view(b, t, _heads, c / _heads).transpose(1, 2);                              // [B, H, T, D]
        var pair = _keysValues.forward(input).view(b, t, 2, _heads, c / _heads).permute(2, 0, 3, 1, 4).unbind(0);         // 2 x [B, H, T, D]
        var mixed = nn.functional.scaled_dot_product_attention(query, pair[0], pair[1]);                                 // [B, H, T, D]
        return _output.forward(mixed.transpose(1, 2).reshape(b, t, c));
    }
}

internal sealed class MapperFeedForward : nn.Module<Tensor, Tensor>
{
    private const int Ratio = 2; // CLIP_prefix_caption's mlp_ratio

    [ComponentName(Name = "fc1")] private readonly AdaptableLinear _inner;
    [ComponentName(Name = "fc2")] private readonly AdaptableLinear _output;

    public MapperFeedForward(long width)
        : base(nameof(MapperFeedForward))
    {
        _inner = new AdaptableLinear(width, Ratio * width);
        _output = new AdaptableLinear(Ratio * width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => _output.forward(nn.functional.relu(_inner.forward(input)));
}
