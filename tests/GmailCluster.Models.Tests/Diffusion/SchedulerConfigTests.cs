using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Diffusion.Schedulers;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

public sealed class SchedulerConfigTests
{
    [Theory]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver++\"", "algorithm_type")]
    [InlineData("DPMSolverMultistepScheduler", "\"thresholding\": true", "thresholding")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_beta_sigmas\": true", "use_beta_sigmas")]
    [InlineData("DPMSolverMultistepScheduler", "\"variance_type\": \"learned_range\"", "variance_type")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 4", "solver_order")]
    [InlineData("DPMSolverMultistepScheduler", "\"prediction_type\": \"flow_prediction\"", "prediction_type")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_karras_sigmas\": true, \"use_exponential_sigmas\": true", "use_exponential_sigmas")]
    [InlineData("EulerDiscreteScheduler", "\"use_beta_sigmas\": true", "use_beta_sigmas")]
    [InlineData("EulerDiscreteScheduler", "\"interpolation_type\": \"log_linear\"", "interpolation_type")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_type\": \"continuous\"", "timestep_type")]
    [InlineData("DDIMScheduler", "\"thresholding\": true", "thresholding")]
    [InlineData("DDIMScheduler", "\"beta_schedule\": \"sigmoid\"", "beta_schedule")]
    [InlineData("DDIMScheduler", "\"num_train_timesteps\": 0", "num_train_timesteps")]
    [InlineData("DDIMScheduler", "\"beta_start\": \"small\"", "beta_start")]
    [InlineData("DDIMScheduler", "\"trained_betas\": [0.1, 0.2]", "trained_betas")]
    [InlineData("DDIMScheduler", "\"eta\": 0.5", "eta")]
    [InlineData("PNDMScheduler", "\"prediction_type\": \"sample\"", "prediction_type")]
    [InlineData("UniPCMultistepScheduler", "\"beta_start\": 0.1", "UniPCMultistepScheduler")]
    public void An_option_that_is_not_implemented_is_refused_by_name(string className, string option, string named)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["scheduler_config.json"], $$"""{"_class_name": "{{className}}", {{option}}}""");

        var error = Assert.Throws<InputException>(() => SchedulerConfig.Load(folder.Path));

        Assert.Contains($"'{named}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("scheduler_config.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"_class_name\": \"DDIMScheduler\",", "scheduler_config.json:1")]
    [InlineData("[]", "scheduler_config.json")]
    [InlineData("{\"_class_name\": \"DDIMScheduler\",\n \"beta_end\": 0.1, \"beta_end\": 0.2}", "beta_end")]
    [InlineData("{}", "(none)")]
    public void A_malformed_file_is_refused(string text, string part)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["scheduler_config.json"], text);

        Assert.Contains(part, Assert.Throws<InputException>(() => SchedulerConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_other_schedulers_are_carried_along_as_in_the_published_checkpoints()
    {
        // Stable Diffusion 1.5's file, and a DPM-Solver++ made from it by diffusers.
        Load("""
            {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
             "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false}
            """);
        Load("""
            {"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "scaled_linear", "lambda_min_clipped": -Infinity, "clip_sample": false,
             "set_alpha_to_one": false, "skip_prk_steps": true, "thresholding": false, "variance_type": null}
            """);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(1001)]
    public void A_number_of_steps_that_cannot_be_laid_out_is_refused(int steps)
    {
        foreach (var name in (string[])["DDIMScheduler", "PNDMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"])
        {
            using var scheduler = Load($$"""{"_class_name": "{{name}}", "skip_prk_steps": true}""").CreateScheduler();

            Assert.Contains($"{steps} steps", Assert.Throws<InputException>(() => scheduler.SetTimesteps(steps)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Steps_out_of_turn_are_refused()
    {
        using var scope = NewDisposeScope();
        using var scheduler = Load("""{"_class_name": "DDIMScheduler"}""").CreateScheduler();
        var x = ones(1, 1, 1, 1);
        Assert.Throws<InvalidOperationException>(() => scheduler.Step(x, 0, x));
        scheduler.SetTimesteps(2);

        Assert.Throws<InvalidOperationException>(() => scheduler.Step(x, scheduler.Timesteps[1], x));

        scheduler.Step(x, scheduler.Timesteps[0], x);
        scheduler.Step(x, scheduler.Timesteps[1], x);
        Assert.Throws<InvalidOperationException>(() => scheduler.Step(x, scheduler.Timesteps[1], x));
    }

    // For data N(0, s^2) the exact denoiser is known, and so is where the probability-flow ODE ends: a higher order comes nearer in as many steps.
    [Theory]
    [InlineData("\"solver_order\": 2", "\"solver_order\": 1", 1.4)]
    [InlineData("\"solver_order\": 2, \"solver_type\": \"heun\"", "\"solver_order\": 1", 1.4)]
    [InlineData("\"solver_order\": 3", "\"solver_order\": 2", 1.5)]
    public void A_higher_order_comes_nearer_to_the_exact_solution(string high, string low, double factor)
    {
        double Error(string option) => ErrorOnGaussian(
            Load($$"""{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": "epsilon", "final_sigmas_type": "sigma_min", {{option}}}"""), 100);

        Assert.True(Error(high) * factor < Error(low), $"{Error(high)} against {Error(low)}");
    }

    [Theory]
    [InlineData("DPMSolverMultistepScheduler", "\"use_exponential_sigmas\": true")]
    [InlineData("DPMSolverMultistepScheduler", "\"timestep_spacing\": \"trailing\"")]
    [InlineData("DPMSolverMultistepScheduler", "\"timestep_spacing\": \"leading\", \"steps_offset\": 1")]
    [InlineData("DPMSolverMultistepScheduler", "\"rescale_betas_zero_snr\": true, \"timestep_spacing\": \"trailing\"")]
    [InlineData("DPMSolverMultistepScheduler", "\"lambda_min_clipped\": -4.0")]
    [InlineData("DPMSolverMultistepScheduler", "\"euler_at_final\": true")]
    [InlineData("EulerDiscreteScheduler", "\"use_exponential_sigmas\": true")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_spacing\": \"trailing\"")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_spacing\": \"leading\", \"steps_offset\": 1")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_lu_lambdas\": true")]
    [InlineData("DDIMScheduler", "\"clip_sample\": false")]
    [InlineData("PNDMScheduler", "\"skip_prk_steps\": false")]
    [InlineData("PNDMScheduler", "\"skip_prk_steps\": true, \"timestep_spacing\": \"trailing\"")]
    public void A_fine_walk_ends_at_the_exact_solution(string className, string options)
    {
        foreach (var prediction in (string[])["epsilon", "v_prediction"])
        {
            var config = Load($$"""{"_class_name": "{{className}}", "prediction_type": "{{prediction}}", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, {{options}}}""");
            if (prediction == "epsilon" && options.Contains("zero_snr", StringComparison.Ordinal))
            {
                continue; // at zero terminal SNR the noise says nothing of the sample
            }

            Assert.True(ErrorOnGaussian(config, 250) < 0.03, $"{prediction}: {ErrorOnGaussian(config, 250)}");
        }
    }

    private static SchedulerConfig Load(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["scheduler_config.json"], text);
        return SchedulerConfig.Load(folder.Path);
    }

    // Relative error of the walk's end for clean data N(0, 0.7^2). With level sigma (noise over signal) the ODE scales x / sqrt(a) as
    // sqrt(s^2 + sigma^2), so unit noise at the first level ends near s times the ratio of deviations.
    private static double ErrorOnGaussian(SchedulerConfig config, int steps)
    {
        const double Deviation = 0.7;
        using var scope = NewDisposeScope();
        using var scheduler = config.CreateScheduler();
        scheduler.SetTimesteps(steps);
        var alphas = config.NoiseSchedule().AlphasCumprod;
        var variance = Deviation * Deviation;
        var scaled = config.ClassName == "EulerDiscreteScheduler";

        var x = scheduler.InitNoiseSigma * ones(1, 1, 1, 1, dtype: ScalarType.Float64);
        var first = Level(scheduler.Timesteps[0]);
        var start = scaled ? scheduler.InitNoiseSigma : Math.Sqrt(1 + (first * first));
        // With final_sigmas_type "sigma_min" the walk ends at the first training level, else at 0.
        var last = config.Text("final_sigmas_type") == "sigma_min" ? Level(0) : 0;
        var exact = Math.Sqrt((variance + (last * last)) / (1 + (last * last))) * start / Math.Sqrt(variance + (first * first));
        foreach (var t in scheduler.Timesteps)
        {
            var sigma = Level(t);
            var (alpha, noise) = (1 / Math.Sqrt(1 + (sigma * sigma)), sigma / Math.Sqrt(1 + (sigma * sigma)));
            var input = scheduler.ScaleModelInput(x, t);
            var clean = input / alpha * (variance / (variance + (sigma * sigma)));
            var epsilon = (input - (alpha * clean)) / noise;
            var output = config.Text("prediction_type") == "epsilon" ? epsilon : (alpha * epsilon) - (noise * clean);
            x = scheduler.Step(output, t, x);
        }

        return Math.Abs((x.item<double>() / exact) - 1);

        double Level(double t)
        {
            var low = Math.Min((int)t, alphas.Length - 1);
            var high = Math.Min(low + 1, alphas.Length - 1);
            double At(int i) => Math.Sqrt((1 - (double)alphas[i]) / Math.Max(alphas[i], 5.96e-8));
            return At(low) + ((t - low) * (At(high) - At(low)));
        }
    }
}
