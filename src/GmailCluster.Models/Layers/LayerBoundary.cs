using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>
/// Sees the states between two layers of a stack; the layer above goes on from what it returns. Whoever trains may cut the autograd
/// graph there, to differentiate the upper part before the lower.
/// </summary>
/// <param name="hidden">[B, T, C].</param>
/// <param name="below">How many layers lie below: from 1 to one less than there are.</param>
/// <returns>[B, T, C], of equal values.</returns>
public delegate Tensor LayerBoundary(Tensor hidden, int below);
