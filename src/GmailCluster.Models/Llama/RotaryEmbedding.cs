using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>
/// Rotary position embeddings (RoFormer, arXiv 2104.09864, section 3.2), in transformers' pairing: channel i turns with channel
/// i + D / 2. Stretched evenly (<c>linear</c>) or by wavelength (<c>llama3</c>, as in Meta's Llama 3.1).
/// </summary>
// B rows, T tokens, H heads, D head width.
internal sealed class RotaryEmbedding
{
    private const double DefaultTheta = 10000;
    private readonly float[] _frequencies; // radians a position, D / 2

    public RotaryEmbedding(LlamaConfig config)
    {
        var settings = Settings(config, "config");

        // In torch and in float32, as the reference computes them: a last bit here is a visible angle at position 100,000.
        using var scope = NewDisposeScope();
        var exponents = arange(0, config.HeadWidth, 2, dtype: ScalarType.Int64).to(ScalarType.Float32) / config.HeadWidth;
        var frequencies = 1.0 / pow(settings.RopeTheta!.Value, exponents);
        _frequencies = (settings.RopeType switch
        {
            "linear" => frequencies / settings.Factor!.Value,
            "llama3" => StretchByWavelength(frequencies, settings),
            _ => frequencies,
        }).data<float>().ToArray();
    }

    /// <summary>Both spellings made one: type and theta are set, and what the type needs.</summary>
    public static RopeParameters Settings(LlamaConfig config, string where)
    {
        var given = config.RopeParameters ?? config.RopeScaling ?? new RopeParameters();
        var settings = given with
        {
            RopeTheta = given.RopeTheta ?? config.RopeTheta ?? DefaultTheta,
            RopeType = given.RopeType ?? given.Type ?? "default",
            Type = null,
        };
        var isComplete = settings.RopeType switch
        {
            "default" => true,
            "linear" => settings.Factor > 0,
            "llama3" => settings is { Factor: > 0, LowFreqFactor: > 0, HighFreqFactor: > 0, OriginalMaxPositionEmbeddings: > 0 }
                && settings.HighFreqFactor > settings.LowFreqFactor,
            _ => throw new InputException(where, $"has rope_type '{settings.RopeType}'.", "Supported: default, linear, llama3."),
        };
        if (!isComplete || settings.RopeTheta <= 0 || settings.PartialRotaryFactor is not (null or 1))
        {
            throw new InputException(
                where, $"has rotary embeddings that do not work: {settings}.",
                "rope_theta must be positive and whole heads rotated; linear needs factor; llama3 needs factor, low_freq_factor < high_freq_factor, original_max_position_embeddings.");
        }

        return settings;
    }

    /// <summary>Cosines and sines of some positions, once a forward pass.</summary>
    /// <param name="positions">[T] or [B, T].</param>
    /// <param name="type">The queries' type.</param>
    /// <returns>[T, D] or [B, 1, T, D] each.</returns>
    public (Tensor Cos, Tensor Sin) Angles(Tensor positions, ScalarType type)
    {
        var half = positions.to(ScalarType.Float32).unsqueeze(-1) * tensor(_frequencies, device: positions.device); // [..., T, D / 2]
        var angles = cat([half, half], dim: -1);
        angles = positions.dim() == 2 ? angles.unsqueeze(1) : angles;
        return (angles.cos().to(type), angles.sin().to(type));
    }

    /// <summary>Turns queries or keys, [B, H, T, D].</summary>
    public static Tensor Rotate(Tensor input, (Tensor Cos, Tensor Sin) angles)
    {
        var halves = input.chunk(2, -1);
        return (input * angles.Cos) + (cat([-halves[1], halves[0]], dim: -1) * angles.Sin);
    }

    // transformers' _compute_llama3_parameters.
    private static Tensor StretchByWavelength(Tensor frequencies, RopeParameters settings)
    {
        var (factor, low, high) = (settings.Factor!.Value, settings.LowFreqFactor!.Value, settings.HighFreqFactor!.Value);
        double original = settings.OriginalMaxPositionEmbeddings!.Value;
        var wavelengths = 2 * Math.PI / frequencies;
        var stretched = where(wavelengths > original / low, frequencies / factor, frequencies);
        var smooth = ((original / wavelengths) - low) / (high - low);
        var smoothed = ((1 - smooth) * stretched / factor) + (smooth * stretched);
        var isBetween = (wavelengths < original / high).logical_not().logical_and((wavelengths > original / low).logical_not());
        return where(isBetween, smoothed, stretched);
    }
}
