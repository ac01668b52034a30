using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>Token and position embeddings; names as in transformers' <c>CLIPTextEmbeddings</c>.</summary>
// B batch, T tokens, C width.
internal sealed class ClipTextEmbeddings : Module<Tensor, Tensor>
{
    [ComponentName(Name = "token_embedding")]
    private readonly Embedding _tokens;

    [ComponentName(Name = "position_embedding")]
    private readonly ClipPositions _positions;

    public ClipTextEmbeddings(ClipTextConfig config)
        : base(nameof(ClipTextEmbeddings))
    {
        _tokens = Embedding(config.VocabSize, config.HiddenSize);
        _positions = new ClipPositions(config.MaxPositionEmbeddings, config.HiddenSize);
        RegisterComponents();
        using var noGrad = no_grad();
        _tokens.weight!.zero_();
    }

    /// <summary>[max T, C].</summary>
    public ClipPositions Positions => _positions;

    /// <param name="ids">[B, T], int64.</param>
    /// <returns>[B, T, C].</returns>
    public override Tensor forward(Tensor ids) => _tokens.forward(ids) + _positions.Weight.narrow(0, 0, ids.shape[1]);
}
