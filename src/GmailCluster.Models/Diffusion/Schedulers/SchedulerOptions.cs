using System.Text.Json.Nodes;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// The fields of one <c>scheduler_config.json</c>. Each scheduler takes what it knows; what is then left over and set is refused by name,
/// except options of other diffusers schedulers, which diffusers itself carries along in the file without using them.
/// </summary>
internal sealed class SchedulerOptions(JsonObject fields, string where)
    : ConfigFields(fields, where, "Change the scheduler's config, or take one of DDIM, PNDM, Euler and DPM-Solver++ as diffusers writes them.")
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

    /// <summary>Call when everything was taken.</summary>
    public void RefuseUnknown() => RefuseUnknown(CarriedAlong);
}
