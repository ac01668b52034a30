using System.Text.Json.Nodes;
using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// The fields of one <c>scheduler_config.json</c>. Each scheduler takes what it knows; what is then left over is refused by name,
/// except options of other diffusers schedulers, which diffusers itself carries along in the file without using them.
/// </summary>
internal sealed class SchedulerOptions(JsonObject fields, string where)
{
    // The options of the schedulers that diffusers calls compatible with each other, as of 0.42.
    private static readonly HashSet<string> CarriedAlong = new(StringComparer.Ordinal)
    {
        "algorithm_type", "base_image_seq_len", "base_shift", "beta_end", "beta_schedule", "beta_start", "clip_sample", "clip_sample_range",
        "disable_corrector", "dynamic_thresholding_ratio", "euler_at_final", "final_sigmas_type", "flow_shift", "interpolation_type",
        "invert_sigmas", "lambda_min_clipped", "lower_order_final", "max_image_seq_len", "max_shift", "noise_sampler_seed",
        "num_train_timesteps", "predict_x0", "prediction_type", "rescale_betas_zero_snr", "rho", "sample_max_value", "set_alpha_to_one",
        "shift", "sigma_data", "sigma_max", "sigma_min", "skip_prk_steps", "solver_order", "solver_p", "solver_type", "steps_offset",
        "thresholding", "time_shift_type", "timestep_spacing", "timestep_type", "trained_betas", "use_beta_sigmas", "use_dynamic_shifting",
        "use_exponential_sigmas", "use_flow_sigmas", "use_karras_sigmas", "use_lu_lambdas", "variance_type",
    };

    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public string Where => where;

    public int Int(string key, int fallback, int minimum)
    {
        var value = Value(key, fallback);
        return value >= minimum ? value : throw Refuse(key, $"must be at least {minimum}");
    }

    public double Number(string key, double fallback) => NumberOrNull(key) ?? fallback;

    public double? NumberOrNull(string key)
    {
        var node = Take(key);
        return node switch
        {
            null => null,
            JsonValue v when v.TryGetValue<double>(out var number) => number,
            // Python writes infinities as bare words; they were quoted before parsing.
            JsonValue v when v.TryGetValue<string>(out var text) && PythonJson.TryInfinity(text, out var infinity) => infinity,
            _ => throw Refuse(key, "must be a number"),
        };
    }

    public bool Flag(string key, bool fallback) => Value(key, fallback);

    public IReadOnlyList<double>? Numbers(string key)
    {
        var node = Take(key);
        try
        {
            return node?.AsArray().Select(n => n!.GetValue<double>()).ToList();
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or NullReferenceException)
        {
            throw Refuse(key, "must be a list of numbers");
        }
    }

    /// <summary>One of a few words, spelled in snake_case in the file.</summary>
    public string Word(string key, string fallback, params string[] allowed)
    {
        var value = Take(key) switch
        {
            null => fallback,
            JsonValue v when v.TryGetValue<string>(out var text) => text,
            _ => throw Refuse(key, "must be a string"),
        };
        return allowed.Contains(value, StringComparer.Ordinal) ? value : throw Refuse(key, $"is not supported here (supported: {string.Join(", ", allowed)})");
    }

    public PredictionType Prediction(params string[] allowed) => Word("prediction_type", "epsilon", allowed) switch
    {
        "epsilon" => PredictionType.Epsilon,
        "sample" => PredictionType.Sample,
        _ => PredictionType.VPrediction,
    };

    public TimestepSpacing Spacing(string fallback) => Word("timestep_spacing", fallback, "linspace", "leading", "trailing") switch
    {
        "linspace" => TimestepSpacing.Linspace,
        "leading" => TimestepSpacing.Leading,
        _ => TimestepSpacing.Trailing,
    };

    /// <summary>An option that may be present, but only switched off.</summary>
    public void RefuseIfSet(string key)
    {
        if (Take(key) is JsonValue value && !(value.TryGetValue<bool>(out var flag) && !flag))
        {
            throw Refuse(key, "is not supported");
        }
    }

    /// <summary>An option without effect on what this scheduler does: read by diffusers too, and used by it only together with others.</summary>
    public void PassOver(params string[] keys) => _taken.UnionWith(keys);

    /// <summary>Call when everything was taken.</summary>
    public void RefuseUnknown()
    {
        var unknown = fields.Select(f => f.Key).Where(k => k[0] != '_' && !_taken.Contains(k) && !CarriedAlong.Contains(k)).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            throw Refuse(unknown[0], "is no option of a scheduler known here");
        }
    }

    public InputException Refuse(string key, string problem) => new(
        where, $"has '{key}' = {fields[key]?.ToJsonString() ?? "null"}, which {problem}.",
        "Change the scheduler's config, or take one of DDIM, PNDM, Euler and DPM-Solver++ as diffusers writes them.");

    private T Value<T>(string key, T fallback)
        where T : struct
    {
        var node = Take(key);
        if (node is null)
        {
            return fallback;
        }

        return node is JsonValue value && value.TryGetValue<T>(out var result)
            ? result
            : throw Refuse(key, typeof(T) == typeof(bool) ? "must be true or false" : "must be a whole number");
    }

    private JsonNode? Take(string key)
    {
        _taken.Add(key);
        return fields[key];
    }
}
