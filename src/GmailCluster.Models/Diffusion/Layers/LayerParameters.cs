using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>
/// Parameters without initial values: a model here is always filled from a checkpoint, and drawing hundreds of millions of numbers from
/// the process-wide generator first would cost time and make other draws depend on it.
/// </summary>
internal static class LayerParameters
{
    public static Parameter Empty(params long[] shape) => Keep(empty(shape));

    /// <summary>A kernel [out, in, h, w], laid out in memory as [out, h, w, in]: what convolution over channels-last maps reads.</summary>
    public static Parameter EmptyKernel(long output, long input, long size)
    {
        using var inMemory = empty(output, size, size, input);
        return Keep(inMemory.permute(0, 3, 1, 2));
    }

    // The module owns its parameters, whatever scope it was built in.
    private static Parameter Keep(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
