namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>Noise levels of inference steps between the levels of training (k-diffusion's layouts), in double as numpy does it.</summary>
internal static class SigmaLayout
{
    /// <summary>numpy.interp over whole numbers: the level at a time between two training steps.</summary>
    public static double[] At(IEnumerable<double> timesteps, float[] sigmas) => [.. timesteps.Select(t =>
    {
        var low = Math.Clamp((int)Math.Floor(t), 0, sigmas.Length - 1);
        var high = Math.Min(low + 1, sigmas.Length - 1);
        return sigmas[low] + (((double)sigmas[high] - sigmas[low]) * (t - low));
    })];

    /// <summary>Karras et al., arXiv 2206.00364, equation 5, rho = 7.</summary>
    public static double[] Karras(double sigmaMin, double sigmaMax, int count)
    {
        const double Rho = 7;
        var (low, high) = (Math.Pow(sigmaMin, 1 / Rho), Math.Pow(sigmaMax, 1 / Rho));
        return [.. StepLayout.Linspace(0, 1, count).Select(r => Math.Pow(high + (r * (low - high)), Rho))];
    }

    /// <summary>Even steps in log sigma.</summary>
    public static double[] Exponential(double sigmaMin, double sigmaMax, int count) =>
        [.. StepLayout.Linspace(Math.Log(sigmaMax), Math.Log(sigmaMin), count).Select(Math.Exp)];

    /// <summary>The time that had this noise level in training, interpolated in log sigma.</summary>
    public static double TimeOf(double sigma, float[] logSigmas)
    {
        var log = Math.Log(Math.Max(sigma, 1e-10));
        var low = 0;
        for (var i = 0; i < logSigmas.Length - 1 && log >= logSigmas[i]; i++)
        {
            low = i;
        }

        low = Math.Min(low, logSigmas.Length - 2);
        var weight = Math.Clamp((logSigmas[low] - log) / ((double)logSigmas[low] - logSigmas[low + 1]), 0, 1);
        return ((1 - weight) * low) + (weight * (low + 1));
    }
}
