using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// DPM-Solver++ multistep (Lu et al., arXiv 2211.01095, algorithm 2), orders 1 to 3, as diffusers' DPMSolverMultistepScheduler.
/// The stochastic and the noise-predicting variants are refused.
/// </summary>
internal sealed class DpmSolverMultistepScheduler : IDiffusionScheduler
{
    private readonly string _where;
    private readonly NoiseSchedule _schedule;
    private readonly PredictionType _prediction;
    private readonly TimestepSpacing _spacing;
    private readonly int _offset;
    private readonly int _order;
    private readonly bool _heun;
    private readonly bool _lowerOrderFinal;
    private readonly bool _eulerAtFinal;
    private readonly bool _karras;
    private readonly bool _exponential;
    private readonly bool _lu;
    private readonly bool _cosine;
    private readonly bool _endsAtZero;
    private readonly double _lambdaMin;
    private readonly StepCounter _walk = new();
    private readonly List<Tensor> _cleans = []; // the latest predictions of the clean sample, newest last
    private float[] _sigmas = [];

    public DpmSolverMultistepScheduler(SchedulerOptions options)
    {
        _where = options.Where;
        // With zero terminal SNR the last level would be infinite; fp16's smallest number keeps it finite.
        _schedule = NoiseSchedule.Read(options, rescale: true, lastAlpha: MathF.Pow(2, -24));
        _prediction = options.Prediction("epsilon", "sample", "v_prediction");
        _spacing = options.Spacing("linspace");
        _offset = options.Int("steps_offset", 0, minimum: 0);
        _order = options.Int("solver_order", 2, minimum: 1);
        // "deis" and the names below come from other schedulers' configs; diffusers reads them so.
        options.Word("algorithm_type", "dpmsolver++", "dpmsolver++", "deis");
        _heun = options.Word("solver_type", "midpoint", "midpoint", "heun", "logrho", "bh1", "bh2") == "heun";
        _lowerOrderFinal = options.Flag("lower_order_final", true);
        _eulerAtFinal = options.Flag("euler_at_final", false);
        _karras = options.Flag("use_karras_sigmas", false);
        _exponential = options.Flag("use_exponential_sigmas", false);
        _lu = options.Flag("use_lu_lambdas", false);
        _cosine = options.Word("beta_schedule", "linear", "linear", "scaled_linear", "squaredcos_cap_v2") == "squaredcos_cap_v2";
        _endsAtZero = options.Word("final_sigmas_type", "zero", "zero", "sigma_min") == "zero";
        _lambdaMin = options.Number("lambda_min_clipped", double.NegativeInfinity);
        foreach (var unsupported in (string[])["thresholding", "use_beta_sigmas", "use_flow_sigmas", "use_dynamic_shifting", "variance_type"])
        {
            options.RefuseIfSet(unsupported);
        }

        options.PassOver("flow_shift", "time_shift_type", "dynamic_thresholding_ratio", "sample_max_value");
        options.RefuseUnknown();
        if (_order > 3)
        {
            throw options.Refuse("solver_order", "is outside 1..3");
        }

        if (_karras && _exponential)
        {
            throw options.Refuse("use_exponential_sigmas", "excludes use_karras_sigmas");
        }
    }

    public IReadOnlyList<double> Timesteps => _walk.Timesteps;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        var train = _schedule.TrainTimesteps;
        StepLayout.CheckCount(_where, steps, train);
        Dispose();

        var trained = _schedule.Sigmas();
        float[] logs = [.. trained.Select(s => MathF.Log(s))];
        // A floor under lambda = -log sigma: the cosine schedule's last levels are too steep to solve over.
        var last = train - _schedule.AlphasCumprod.Count(a => MathF.Log(MathF.Sqrt(a)) - MathF.Log(MathF.Sqrt(1 - a)) < _lambdaMin);
        double[] timesteps = _spacing switch
        {
            TimestepSpacing.Linspace => [.. StepLayout.Linspace(0, last - 1, steps + 1).Select(t => Math.Round(t)).Reverse().SkipLast(1)],
            TimestepSpacing.Leading => [.. StepLayout.Leading(last / (steps + 1), steps + 1, 0).SkipLast(1).Select(t => t + _offset)],
            _ => [.. StepLayout.Trailing(last, train, steps)],
        };
        var sigmas = SigmaLayout.At(timesteps, trained);
        if (_karras || _lu || _exponential)
        {
            sigmas = _karras ? SigmaLayout.Karras(trained[0], trained[^1], steps) : SigmaLayout.Exponential(trained[0], trained[^1], steps);
            var rounds = (_karras || _lu) && !_cosine;
            timesteps = [.. sigmas.Select(s => SigmaLayout.TimeOf(s, logs)).Select(t => rounds ? Math.Round(t) : Math.Truncate(t))];
        }

        _sigmas = [.. sigmas.Select(s => (float)s), _endsAtZero ? 0 : trained[0]];
        _walk.Start(timesteps);
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample)
    {
        var index = _walk.Expect(timestep);
        var count = _walk.Timesteps.Length;
        using var scope = NewDisposeScope();
        Remember(Clean(modelOutput, sample, _sigmas[index]));

        // Few steps end at a low order: that is what keeps them stable. At sigma 0 only the first order is finite.
        var isLast = index == count - 1 && (_eulerAtFinal || (_lowerOrderFinal && count < 15) || _endsAtZero);
        var isSecondLast = index == count - 2 && _lowerOrderFinal && count < 15;
        var order = Math.Min(isLast ? 1 : isSecondLast ? 2 : _order, _cleans.Count);
        var next = order switch
        {
            1 => First(sample, index),
            2 => Second(sample, index),
            _ => Third(sample, index),
        };
        _walk.Advance();
        return next.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _cleans.ForEach(c => c.Dispose());
        _cleans.Clear();
    }

    private Tensor Clean(Tensor output, Tensor sample, float sigma)
    {
        var (alpha, sigmaT) = AlphaSigma(sigma);
        return _prediction switch
        {
            PredictionType.Epsilon => (sample - (sigmaT * output)) / alpha,
            PredictionType.Sample => output.alias(),
            _ => (alpha * sample) - (sigmaT * output),
        };
    }

    private Tensor First(Tensor sample, int index)
    {
        var (ratio, gain, _) = Step(index);
        return (ratio * sample) - (gain * _cleans[^1]);
    }

    private Tensor Second(Tensor sample, int index)
    {
        var (ratio, gain, h) = Step(index);
        var r0 = (Lambda(index) - Lambda(index - 1)) / h;
        var d1 = (1 / r0) * (_cleans[^1] - _cleans[^2]);
        var start = (ratio * sample) - (gain * _cleans[^1]);
        return _heun ? start + (Phi2(index, h) * d1) : start - (0.5f * gain * d1);
    }

    private Tensor Third(Tensor sample, int index)
    {
        var (ratio, gain, h) = Step(index);
        var (r0, r1) = ((Lambda(index) - Lambda(index - 1)) / h, (Lambda(index - 1) - Lambda(index - 2)) / h);
        var near = (1 / r0) * (_cleans[^1] - _cleans[^2]);
        var far = (1 / r1) * (_cleans[^2] - _cleans[^3]);
        var d1 = near + ((r0 / (r0 + r1)) * (near - far));
        var d2 = (1 / (r0 + r1)) * (near - far);
        var (alpha, _) = AlphaSigma(_sigmas[index + 1]);
        var phi3 = alpha * (((MathF.Exp(-h) - 1 + h) / (h * h)) - 0.5f);
        return (ratio * sample) - (gain * _cleans[^1]) + (Phi2(index, h) * d1) - (phi3 * d2);
    }

    // Proposition 4.1: the factor of the sample, that of the newest prediction, and the step in lambda.
    private (float Ratio, float Gain, float H) Step(int index)
    {
        var (alpha, sigma) = AlphaSigma(_sigmas[index + 1]);
        var h = Lambda(index + 1) - Lambda(index);
        return (sigma / AlphaSigma(_sigmas[index]).Sigma, alpha * (MathF.Exp(-h) - 1), h);
    }

    private float Phi2(int index, float h) => AlphaSigma(_sigmas[index + 1]).Alpha * (((MathF.Exp(-h) - 1) / h) + 1);

    private float Lambda(int index)
    {
        var (alpha, sigma) = AlphaSigma(_sigmas[index]);
        return MathF.Log(alpha) - MathF.Log(sigma);
    }

    private static (float Alpha, float Sigma) AlphaSigma(float sigma)
    {
        var alpha = 1 / MathF.Sqrt((sigma * sigma) + 1);
        return (alpha, sigma * alpha);
    }

    private void Remember(Tensor clean)
    {
        if (_cleans.Count == _order)
        {
            _cleans[0].Dispose();
            _cleans.RemoveAt(0);
        }

        _cleans.Add(clean.DetachFromDisposeScope());
    }
}
