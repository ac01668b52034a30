using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// Padding behind every real token: causality hides it from them, so it needs no attention mask, and columns that are padding in
/// every row need no computing.
/// </summary>
// B rows, T tokens.
internal static class RightPadding
{
    /// <param name="real">[B, T], true at real tokens.</param>
    /// <param name="length">Columns up to the last real token of any row, at least 1.</param>
    /// <returns>Whether each row's padding stands behind its tokens.</returns>
    public static bool Is(Tensor real, out long length)
    {
        using var scope = NewDisposeScope();
        var last = real.shape[1] - 1;
        length = Math.Max(1, real.any(0).sum().item<long>());
        return !real.narrow(1, 1, last).logical_and(real.narrow(1, 0, last).logical_not()).any().item<bool>();
    }
}
