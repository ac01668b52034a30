using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>
/// An embedding table of zeros, to be filled; its parameter is called <c>weight</c>. torch's own fills itself from the process-wide
/// generator, its <c>from_pretrained</c> too.
/// </summary>
// V rows of the table, C width.
internal sealed class TokenTable : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    private readonly long _width;

    public TokenTable(long rows, long width)
        : base(nameof(TokenTable))
    {
        _width = width;
        _weight = new Parameter(zeros(rows, width));
        RegisterComponents();
    }

    /// <summary>[V, C].</summary>
    public Parameter Weight => _weight;

    /// <summary>From ids [...] to [..., C].</summary>
    public override Tensor forward(Tensor input) => _weight.index_select(0, input.reshape(-1)).view([.. input.shape, _width]);
}
