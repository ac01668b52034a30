using GmailCluster.Learning.Compute;

namespace GmailCluster.Learning.Arms;

/// <summary>Rows of frozen features as tensors.</summary>
internal static class FeatureRows
{
    /// <summary>The samples' features, [b, …], of unit length in the last dimension when asked.</summary>
    public static Tensor Of(IReadOnlyList<ArmSample> samples, bool normalise)
    {
        var shape = samples[0].Features.Shape[1..];
        var values = new float[samples.Count * samples[0].Values.Length];
        for (var i = 0; i < samples.Count; i++)
        {
            samples[i].Values.CopyTo(values.AsSpan(i * samples[i].Values.Length));
        }

        var rows = TensorRows.From(values, [samples.Count, .. shape]);
        return normalise ? nn.functional.normalize(rows, dim: -1) : rows;
    }
}
