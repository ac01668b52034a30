using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>
/// A table of learned positions, named as torch's Embedding names it (<c>weight</c>). Rows are taken in order, so there is nothing to look up, and
/// unlike an Embedding the table can be replaced by a longer one. (<c>Embedding_from_pretrained</c> would not do: the parameter it shows
/// is not the one it computes with.)
/// </summary>
internal sealed class ClipPositions : Module
{
    [ComponentName(Name = "weight")]
    private Parameter _weight;

    public ClipPositions(long count, long width)
        : base(nameof(ClipPositions))
    {
        _weight = Parameter(zeros(count, width));
        RegisterComponents();
    }

    /// <summary>[positions, C].</summary>
    public Parameter Weight => _weight;

    /// <summary>Puts another table in this one's place and disposes the old.</summary>
    public void Replace(Parameter weight)
    {
        var old = _weight;
        _weight = weight;
        _internal_params.Remove("weight");
        register_parameter("weight", weight);
        old.Dispose();
    }
}
