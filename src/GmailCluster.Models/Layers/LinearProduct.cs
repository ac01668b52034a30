using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>
/// x W^T + b as torch's <c>linear</c> gives it, to rounding, and its gradients. Large products go through oneDNN, which uses all of a
/// processor's vector width; the BLAS that libtorch brings (MKL) uses half of it on AMD's. The way to oneDNN is a convolution of size 1
/// over a map one place wide. Which way a product goes depends on its shape alone, so ranks and slots agree.
/// </summary>
// R rows, I inputs, O outputs.
internal static class LinearProduct
{
    // Below so many input values libtorch computes a convolution of one image itself, slowly (use_mkldnn in Convolution.cpp).
    private const long ManyValues = 20480;

    // Narrower ones, such as LoRA's, gain nothing.
    private const long WideEnough = 64;

    // A kernel of one place has nothing to dilate: it only tells libtorch not to keep the convolution from oneDNN, as it does with kernels
    // of size 1 on one thread.
    private static readonly long[] ToOneDnn = [2, 2];

    /// <param name="input">[..., I].</param>
    /// <param name="weight">[O, I].</param>
    /// <param name="bias">[O] or null.</param>
    /// <returns>[..., O].</returns>
    public static Tensor Of(Tensor input, Tensor weight, Tensor? bias)
    {
        var (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        if (!IsLarge(input, weight, inputs, outputs))
        {
            return nn.functional.linear(input, weight, bias);
        }

        var shape = input.shape;
        var map = input.reshape(1, -1, 1, inputs).permute(0, 3, 1, 2);                    // [1, I, R, 1], channels last
        var product = OverMap(map, weight.view(outputs, inputs, 1, 1), bias);             // [1, O, R, 1]
        shape[^1] = outputs;
        return product.permute(0, 2, 3, 1).reshape(shape);
    }

    /// <summary>The same product at every place of a map.</summary>
    /// <param name="map">[B, I, h, w], channels last.</param>
    /// <param name="kernel">[O, I, 1, 1].</param>
    /// <param name="bias">[O] or null.</param>
    /// <returns>[B, O, h, w], channels last.</returns>
    public static Tensor OverMap(Tensor map, Tensor kernel, Tensor? bias) =>
        IsForOneDnn(map, kernel) && (map.shape[0] > 1 || map.numel() > ManyValues)
            ? nn.functional.conv2d(map, kernel, bias, dilation: ToOneDnn)
            : nn.functional.conv2d(map, kernel, bias);

    private static bool IsLarge(Tensor input, Tensor weight, long inputs, long outputs) =>
        IsForOneDnn(input, weight) && inputs >= WideEnough && outputs >= WideEnough && input.dim() > 1 && input.numel() > ManyValues;

    private static bool IsForOneDnn(Tensor input, Tensor weight) =>
        Vector512.IsHardwareAccelerated && input.device_type == DeviceType.CPU && input.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32;
}
