using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>Euler's method over noise levels (Karras et al., arXiv 2206.00364, algorithm 2 without churn), as diffusers' EulerDiscreteScheduler.</summary>
internal sealed class EulerDiscreteScheduler : IDiffusionScheduler
{
    private readonly string _where;
    private readonly NoiseSchedule _schedule;
    private readonly PredictionType _prediction;
    private readonly TimestepSpacing _spacing;
    private readonly int _offset;
    private readonly bool _karras;
    private readonly bool _exponential;
    private readonly bool _endsAtZero;
    private readonly double? _sigmaMin;
    private readonly double? _sigmaMax;
    private readonly StepCounter _walk = new();
    private float[] _sigmas = [];

    public EulerDiscreteScheduler(SchedulerOptions options)
    {
        _where = options.Where;
        // With zero terminal SNR the last level would be infinite; fp16's smallest number keeps it finite.
        _schedule = NoiseSchedule.Read(options, rescale: true, lastAlpha: MathF.Pow(2, -24));
        _prediction = options.Prediction("epsilon", "sample", "v_prediction");
        _spacing = options.Spacing("linspace");
        _offset = options.Int("steps_offset", 0, minimum: 0);
        options.Word("interpolation_type", "linear", "linear");
        options.Word("timestep_type", "discrete", "discrete");
        _karras = options.Flag("use_karras_sigmas", false);
        _exponential = options.Flag("use_exponential_sigmas", false);
        _endsAtZero = options.Word("final_sigmas_type", "zero", "zero", "sigma_min") == "zero";
        _sigmaMin = options.NumberOrNull("sigma_min");
        _sigmaMax = options.NumberOrNull("sigma_max");
        options.RefuseIfSet("use_beta_sigmas");
        options.RefuseUnknown();
        if (_karras && _exponential)
        {
            throw options.Refuse("use_exponential_sigmas", "excludes use_karras_sigmas");
        }
    }

    public IReadOnlyList<double> Timesteps => _walk.Timesteps;

    public double InitNoiseSigma
    {
        get
        {
            var max = _sigmas.Max();
            return _spacing == TimestepSpacing.Leading ? MathF.Sqrt((max * max) + 1) : max;
        }
    }

    public void SetTimesteps(int steps)
    {
        var train = _schedule.TrainTimesteps;
        StepLayout.CheckCount(_where, steps, train);
        double[] timesteps = _spacing switch
        {
            TimestepSpacing.Linspace => [.. StepLayout.Linspace(0, train - 1, steps).Select(t => (double)(float)t).Reverse()],
            TimestepSpacing.Leading => [.. StepLayout.Leading(train / steps, steps, _offset)],
            _ => [.. StepLayout.Trailing(train, train, steps)],
        };

        var trained = _schedule.Sigmas();
        float[] logs = [.. trained.Select(s => MathF.Log(s))];
        var sigmas = SigmaLayout.At(timesteps, trained);
        if (_karras || _exponential)
        {
            var (low, high) = (_sigmaMin ?? sigmas[^1], _sigmaMax ?? sigmas[0]);
            sigmas = _karras ? SigmaLayout.Karras(low, high, steps) : SigmaLayout.Exponential(low, high, steps);
            timesteps = [.. sigmas.Select(s => SigmaLayout.TimeOf(s, logs))];
        }

        _sigmas = [.. sigmas.Select(s => (float)s), _endsAtZero ? 0 : trained[0]];
        _walk.Start([.. timesteps.Select(t => (double)(float)t)]);
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep)
    {
        var sigma = _sigmas[_walk.Expect(timestep)];
        return sample / MathF.Sqrt((sigma * sigma) + 1);
    }

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample)
    {
        var index = _walk.Expect(timestep);
        using var scope = NewDisposeScope();
        var (sigma, next) = (_sigmas[index], _sigmas[index + 1]);
        var clean = _prediction switch
        {
            PredictionType.Epsilon => sample - (sigma * modelOutput),
            PredictionType.Sample => modelOutput,
            _ => (modelOutput * (-sigma / MathF.Sqrt((sigma * sigma) + 1))) + (sample / ((sigma * sigma) + 1)),
        };
        var derivative = (sample - clean) / sigma;
        _walk.Advance();
        return (sample + (derivative * (next - sigma))).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
    }
}
