using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// How much of the clean sample is left at each training step: alphas_cumprod of DDPM (Ho et al., arXiv 2006.11239, section 2).
/// Computed in fp32 by the operations of the reference, because what is near 1 has few digits left in 1 - a: other roundings
/// would be another schedule.
/// </summary>
internal sealed class NoiseSchedule
{
    private NoiseSchedule(float[] alphasCumprod) => AlphasCumprod = alphasCumprod;

    /// <summary>One entry a training step, falling from nearly 1.</summary>
    public float[] AlphasCumprod { get; }

    public int TrainTimesteps => AlphasCumprod.Length;

    /// <param name="options">The scheduler's config.</param>
    /// <param name="rescale">Whether this scheduler knows rescale_betas_zero_snr.</param>
    /// <param name="lastAlpha">What stands in for the last entry when it was rescaled to 0; null leaves it 0.</param>
    public static NoiseSchedule Read(SchedulerOptions options, bool rescale, float? lastAlpha = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = options.Int("num_train_timesteps", 1000, minimum: 1);
        var (start, end) = (options.Number("beta_start", 0.0001), options.Number("beta_end", 0.02));
        var shape = options.Word("beta_schedule", "linear", "linear", "scaled_linear", "squaredcos_cap_v2");
        var trained = options.Numbers("trained_betas");
        if (trained is not null && trained.Count != count)
        {
            throw options.Refuse("trained_betas", $"has {trained.Count} entries for {count} num_train_timesteps");
        }

        var betas = (trained, shape) switch
        {
            ({ } given, _) => tensor([.. given.Select(b => (float)b)]),
            (_, "linear") => linspace(start, end, count, ScalarType.Float32),
            // Particular to latent diffusion.
            (_, "scaled_linear") => linspace(Math.Sqrt(start), Math.Sqrt(end), count, ScalarType.Float32).pow(2),
            _ => SquaredCosine(count),
        };
        var zeroTerminal = rescale && options.Flag("rescale_betas_zero_snr", false);
        if (zeroTerminal)
        {
            betas = WithZeroTerminalSnr(betas);
        }

        var alphas = MemoryMarshal.Cast<byte, float>((1.0f - betas).cumprod(0).bytes).ToArray();
        if (zeroTerminal && lastAlpha is { } last)
        {
            alphas[^1] = last;
        }

        return new NoiseSchedule(alphas);
    }

    /// <summary>The standard deviation of the noise over that of the signal, at each training step.</summary>
    public float[] Sigmas() => [.. AlphasCumprod.Select(a => MathF.Sqrt((1 - a) / a))];

    /// <summary>The forward process: sqrt(a) clean + sqrt(1 - a) noise.</summary>
    /// <param name="clean">[B, ...].</param>
    /// <param name="noise">[B, ...].</param>
    /// <param name="timesteps">One training step a row, [B] int64.</param>
    public Tensor AddNoise(Tensor clean, Tensor noise, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var shape = new long[clean.dim()];
        Array.Fill(shape, 1);
        shape[0] = clean.shape[0];
        var alpha = tensor(AlphasCumprod)[timesteps].view(shape);
        return (alpha.sqrt() * clean + (1 - alpha).sqrt() * noise).MoveToOuterDisposeScope();
    }

    // Nichol and Dhariwal, arXiv 2102.09672, equation 17; 0.999 keeps the end from being singular.
    private static Tensor SquaredCosine(int count)
    {
        static double AlphaBar(double t) => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2);
        return tensor([.. Enumerable.Range(0, count).Select(i => (float)Math.Min(1 - AlphaBar((i + 1.0) / count) / AlphaBar((double)i / count), 0.999))]);
    }

    // Lin et al., arXiv 2305.08891, algorithm 1.
    private static Tensor WithZeroTerminalSnr(Tensor betas)
    {
        var root = (1.0f - betas).cumprod(0).sqrt();
        var (first, last) = (root[0], root[-1]);
        var scaled = (root - last) * (first / (first - last));
        var alphaBar = scaled.pow(2);
        var alphas = cat([alphaBar[..1], alphaBar[1..] / alphaBar[..^1]]);
        return 1 - alphas;
    }
}
